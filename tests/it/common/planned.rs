//! A plan in lines that a test can look for: each facet with everything that is said of it.

use serde_json::Value;

use super::scene::Scene;

impl Scene {
    /// The exit code and the lines of a plan; whatever else the command says follows.
    pub async fn planned(&self, arguments: &[&str]) -> (i32, String) {
        let (code, text) = self.on_manifests(&[&["plan", "-o", "json"], arguments].concat()).await;
        let Some(end) = text.find("\n}") else { return (code, text) };
        let (json, rest) = text.split_at(end + 2);
        let Ok(plan) = serde_json::from_str(json) else { return (code, text) };
        (code, lines(&plan) + rest)
    }
}

/// The lines of all facets that a plan tells of.
pub fn lines(plan: &Value) -> String {
    let all = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let facets = all(&plan["objects"]).iter().flat_map(|it| all(&it["facets"])).collect::<Vec<_>>();
    let problems = all(&plan["problems"]);
    let problems = problems.iter().map(|it| format!("{}\n", word(it)));
    problems.chain(facets.iter().map(facet)).collect()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn facet(it: &Value) -> String {
    let mut text = format!("{}  {}\n", word(&it["facet"]), word(&it["action"]));
    let mut add = |line: String| text += &format!("    {line}\n");
    for field in it["fields"].as_array().unwrap() {
        add(format!("+ {}: {}", word(&field["path"]), word(&field["value"])));
    }
    for change in it["changes"].as_array().unwrap() {
        let (live, desired) = (word(&change["live"]), word(&change["desired"]));
        let origin = word(&change["origin"]);
        add(format!("{}: {live} → {desired}  ({origin})", word(&change["path"])));
    }
    it["steps"].as_array().unwrap().iter().for_each(|step| add(format!("step: {}", word(step))));
    if !it["waits"].is_null() {
        add(format!("{}: {}", word(&it["waits"]["reason"]), word(&it["waits"]["message"])));
    }
    it["notes"].as_array().unwrap().iter().for_each(|note| add(format!("note: {}", word(note))));
    text
}

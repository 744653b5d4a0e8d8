//! The chapters.

use evenkeel_sim::fault::{Fault, Rule};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::cli::{
    error::{CliError, FileError},
    out::print,
};

const WIDTH: usize = 78;

/// Plays all of it.
pub(super) async fn play(stage: &mut Stage) -> Result<(), CliError> {
    made(stage).await?;
    changed(stage).await?;
    moved(stage).await?;
    misspelt(stage).await?;
    stormy(stage).await
}

fn chapter(number: u8, title: &str) -> Result<(), FileError> {
    print(&format!("\n{:─^WIDTH$}", format!(" {number}. {title} ")))
}

fn say(text: &str) -> Result<(), FileError> {
    print(&format!("  {text}"))
}

fn short(digest: &str) -> String {
    digest.trim_start_matches("sha256:").chars().take(12).collect()
}

/// Chapter 1: Evenkeel makes the functions that the manifests describe.
async fn made(stage: &mut Stage) -> Result<(), CliError> {
    chapter(1, "Functions are made from manifests")?;
    say("manifests/examples: two files with three functions, one with a repository")?;
    let names = Stage::names();
    stage.until("everything is there", Stage::all_synced).await?;
    stage.writes()?;
    for name in names {
        let digest = stage.live(name, "CodeSha256");
        let digest = short(digest.as_str().unwrap_or_default());
        say(&format!("AWS says: {name} runs {digest}, {} MiB", stage.live(name, "MemorySize")))?;
    }
    stage.metrics(&["evenkeel_objects{", "status=\"synced\""]).await
}

/// Chapters 2 to 4: another party changes a function's memory, and Evenkeel shows and repairs it.
async fn changed(stage: &mut Stage) -> Result<(), CliError> {
    chapter(2, "A colleague changes the memory in the console")?;
    say(
        "$ aws lambda update-function-configuration --function-name thumbnails --memory-size 1024",
    )?;
    let body = json!({ "MemorySize": 1024 });
    stage.configure("thumbnails", body)?;
    say("AWS says: thumbnails has 1024 MiB; its manifest says 512")?;
    chapter(3, "Evenkeel sees it, and says so on /metrics")?;
    let drifted = |it: &Stage| it.row("thumbnails", |row| !row.causes.is_empty()) == Some(true);
    stage.until("the drift is seen", drifted).await?;
    let fields = stage.row("thumbnails", |row| {
        let changes = row.changes.iter();
        changes.map(|it| format!("{}: {} → {}", it.path, it.live, it.desired)).collect::<Vec<_>>()
    });
    for field in fields.into_iter().flatten() {
        say(&format!("thumbnails drifted: {field}"))?;
    }
    let drift = ["evenkeel_object_drift{", "name=\"thumbnails\"", "cause=\"config\""];
    stage.metrics(&drift).await?;
    chapter(4, "And repairs it")?;
    let repaired = |it: &Stage| it.live("thumbnails", "MemorySize") == 512;
    stage.until("the memory is back", repaired).await?;
    stage.until("all is well", |it| it.synced(&["thumbnails"])).await?;
    stage.writes()?;
    say(&format!("AWS says: thumbnails has {} MiB", stage.live("thumbnails", "MemorySize")))?;
    stage.metrics(&drift).await?;
    stage.metrics(&["evenkeel_drift_corrected_total", "cause=\"config\"", "success\"} 1"]).await
}

/// Chapter 5: the tag that a manifest names leads to a new image, and Evenkeel deploys it.
async fn moved(stage: &mut Stage) -> Result<(), CliError> {
    chapter(5, "A new image is pushed under the same tag")?;
    let before = stage.live("thumbnails", "CodeSha256");
    let digest = stage.push("thumbnails", "second")?;
    let (was, is) = (short(before.as_str().unwrap_or_default()), short(&digest));
    say(&format!("ECR: thumbnails:v1 was {was}, and is {is}"))?;
    let wanted = Value::from(digest.trim_start_matches("sha256:"));
    let runs = |it: &Stage| it.live("thumbnails", "CodeSha256") == wanted;
    stage.until("the new image runs", runs).await?;
    stage.until("all is well", |it| it.synced(&["thumbnails"])).await?;
    stage.writes()?;
    Ok(say(&format!("AWS says: thumbnails runs {is}"))?)
}

/// Chapter 6: a manifest with a fault changes nothing in AWS; one without is applied.
async fn misspelt(stage: &mut Stage) -> Result<(), CliError> {
    chapter(6, "A manifest gets a mistake")?;
    stage.edit("thumbnails.yaml", "memorySize: 512", "memorySize: 51")?;
    say("thumbnails.yaml: memorySize: 51")?;
    stage.until("the mistake is seen", |it| !it.problems().is_empty()).await?;
    for problem in stage.problems() {
        say(&problem.replace('\n', "\n  "))?;
    }
    say(&format!(
        "Nothing is touched: thumbnails has {} MiB, and the last good manifest still counts",
        stage.live("thumbnails", "MemorySize")
    ))?;
    stage.metrics(&["evenkeel_source_manifests", "invalid"]).await?;
    stage.edit("thumbnails.yaml", "memorySize: 51", "memorySize: 768")?;
    say("thumbnails.yaml: memorySize: 768")?;
    let repaired = |it: &Stage| it.live("thumbnails", "MemorySize") == 768;
    stage.until("the new memory is there", repaired).await?;
    stage.until("all is well", |it| it.synced(&["thumbnails"])).await?;
    Ok(stage.writes()?)
}

/// Chapter 7: three functions are changed while many calls fail, and Evenkeel repairs them all the
/// same.
async fn stormy(stage: &mut Stage) -> Result<(), CliError> {
    chapter(7, "AWS has a bad day, and three functions change outside Evenkeel")?;
    say("AWS refuses a third of all calls, cuts connections, and takes its time")?;
    let rule = |fault, share| Rule {
        fault,
        operations: Vec::new(),
        resources: Vec::new(),
        account: None,
        contains: None,
        share,
        after: 0,
        times: None,
        lasts: None,
        seconds: 0.5,
        code: None,
        message: None,
        retry_after: None,
        omit: 0.0,
    };
    stage.faults(vec![
        rule(Fault::Throttle, 0.2),
        rule(Fault::Error, 0.15),
        rule(Fault::ResetAfter, 0.05),
        rule(Fault::Latency, 0.2),
    ]);
    let names = Stage::names();
    for name in names {
        let body = json!({ "Timeout": 777 });
        stage.configure(name, body)?;
    }
    let repaired =
        |it: &Stage| names.iter().all(|name| it.live(name, "Timeout") != 777) && it.synced(&names);
    stage.until("everything is mended all the same", repaired).await?;
    stage.faults(Vec::new());
    stage.writes()?;
    Ok(say("All three are as their manifests ask.")?)
}

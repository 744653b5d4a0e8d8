//! A plan as text: grouped by object, its facets below, each change once.

use std::collections::BTreeMap;

use super::{
    out::clean,
    style::{Style, Tone},
};
use crate::{
    daemon::view::{
        object::DifferenceView,
        plan::{Action, NewFieldView, PlanOutcome, PlanView, PlannedFacetView, PlannedObjectView},
    },
    engine::place::DEFAULT_TARGET,
};

/// How wide the column of names may get.
const NAME_MAX: usize = 40;
/// The facet whose steps say more than its fields.
const RELEASE: &str = "release";
/// What holds up the parts of a function that is still to be made.
const AFTER_THE_FUNCTION: [&str; 2] = ["FunctionMissing", "FunctionUnsettled"];

/// Returns a plan with what is wrong besides, how many objects have which outcome, and what to do next.
pub(super) fn report(plan: &PlanView<'_>, style: Style) -> String {
    let mut blocks = blocks(plan, style);
    let line = format!("Plan: {}.", summary(&plan.summary));
    let mut last = vec![style.paint(Tone::Bold, &line)];
    last.extend(next(plan));
    blocks.push(last.join("\n"));
    blocks.join("\n\n")
}

/// What to do next, if anything would be done.
fn next(plan: &PlanView<'_>) -> Option<String> {
    let hash = &plan.hash;
    let how = "To do exactly this: `evenkeel apply` with the same arguments and";
    plan.acts().then(|| format!("{how} `--expect {hash}`."))
}

/// Returns a plan without its last lines: what is wrong besides, and the objects.
pub(super) fn blocks(plan: &PlanView<'_>, style: Style) -> Vec<String> {
    let bad = |it: &String| style.paint(Tone::Bad, &clean(it));
    let problems = plan.problems.iter().map(bad).collect::<Vec<_>>().join("\n");
    [problems, objects(plan, style)].into_iter().filter(|it| !it.is_empty()).collect()
}

/// The objects of a plan; empty if none is told of.
fn objects(plan: &PlanView<'_>, style: Style) -> String {
    let blocks = plan.objects.iter().map(|it| object(it, style));
    blocks.collect::<Vec<_>>().join("\n\n")
}

/// Returns how many objects have which outcome, as `1 to create, 2 unchanged`.
fn summary(counts: &BTreeMap<&'static str, usize>) -> String {
    let words = PlanOutcome::ALL.into_iter().filter_map(|it| {
        let count = counts.get(it.as_str()).copied().unwrap_or_default();
        (count > 0).then(|| format!("{count} {}", it.words()))
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "no objects".to_owned() } else { words.join(", ") }
}

/// The mark before an object, and its tone.
fn mark(outcome: PlanOutcome) -> (&'static str, Tone) {
    match outcome {
        PlanOutcome::Create => ("+", Tone::Good),
        PlanOutcome::Update => ("~", Tone::Change),
        PlanOutcome::Delete => ("-", Tone::Bad),
        PlanOutcome::Waiting => ("*", Tone::Change),
        PlanOutcome::Refused
        | PlanOutcome::Failed
        | PlanOutcome::Suspended
        | PlanOutcome::Unknown => ("!", Tone::Bad),
        PlanOutcome::Unchanged | PlanOutcome::Left => (" ", Tone::Faint),
    }
}

/// What stands before a name outside of the one target that nobody has to name.
pub(super) fn target_prefix(target: &str) -> String {
    if target == DEFAULT_TARGET { String::new() } else { format!("{target}/") }
}

/// Returns the lines of one object.
fn object(it: &PlannedObjectView<'_>, style: Style) -> String {
    let (mark, tone) = mark(it.outcome);
    let name = clean(&format!("{}{} {}", target_prefix(it.target), it.kind, it.name));
    let outcome = match it.outcome {
        PlanOutcome::Create
        | PlanOutcome::Update
        | PlanOutcome::Delete
        | PlanOutcome::Unchanged => String::new(),
        other => format!("  {}", other.as_str()),
    };
    let place = it.manifest.as_ref().map(|it| format!("  {}", clean(it))).unwrap_or_default();
    let head = style.paint(tone, &format!("{mark} {name}{outcome}"));
    let mut lines = vec![head + &style.paint(Tone::Faint, &place)];
    let base = it.facets.first().filter(|facet| is_base(it, facet));
    lines.extend(base.into_iter().flat_map(|facet| facet_lines(facet, true, style)));
    for facet in it.facets.iter().skip(usize::from(base.is_some())) {
        // Where AWS does not answer, one line says so of the whole object.
        if base.is_none_or(|base| !facet.repeats(base)) {
            lines.extend(facet_lines(facet, false, style));
        }
    }
    lines.join("\n")
}

fn is_base(object: &PlannedObjectView<'_>, facet: &PlannedFacetView<'_>) -> bool {
    object.kind.eq_ignore_ascii_case(&facet.facet)
}

/// Returns the lines of one facet. The base stands below its object, the others have a heading.
fn facet_lines(it: &PlannedFacetView<'_>, base: bool, style: Style) -> Vec<String> {
    let indent = if base { "    " } else { "      " };
    let after = it.waits.as_ref().is_some_and(|it| AFTER_THE_FUNCTION.contains(&it.reason));
    let mut lines = Vec::new();
    if !base {
        let when = if after { " (after the function)" } else { "" };
        lines.push(format!("    {}{when}", clean(&it.facet)));
    }
    let release = it.facet == RELEASE && !it.steps.is_empty();
    if !release {
        lines.extend(fields(&it.fields, &it.facet, style).map(|line| format!("{indent}{line}")));
    }
    // The steps of a release say what changes; not who moved.
    let shown = |change: &&DifferenceView<'_>| {
        // The line of a new object says that it is new.
        let told = !it.fields.is_empty() || base && it.action == Action::Create;
        let whole = told && is_presence(change);
        !whole && (!release || change.origin != "pending")
    };
    let changes: Vec<&DifferenceView<'_>> = it.changes.iter().filter(shown).collect();
    lines.extend(change_lines(&changes, &it.facet, style).map(|line| format!("{indent}{line}")));
    let told = it.fields.is_empty() && it.changes.is_empty();
    if release || told || it.action == Action::Delete {
        lines.extend(it.steps.iter().map(|step| format!("{indent}{}", clean(step))));
    }
    if let Some(why) = it.waits.as_ref().filter(|_| !after) {
        lines.push(
            style.paint(Tone::Change, &format!("{indent}{}: {}", why.reason, clean(&why.message))),
        );
    }
    let note = |text: &&str| style.paint(Tone::Faint, &format!("{indent}note: {}", clean(text)));
    lines.extend(it.notes.iter().map(note));
    lines
}

/// Whether a change is of a whole, rather than of a field.
fn is_presence(change: &DifferenceView<'_>) -> bool {
    change.live == "absent"
}

/// The fields of what will be created, in two columns.
fn fields<'a>(
    all: &'a [NewFieldView<'_>],
    facet: &str,
    style: Style,
) -> impl Iterator<Item = String> + 'a {
    let names = names(all.iter().map(|it| it.path), facet);
    all.iter()
        .zip(names)
        .map(move |(it, name)| style.paint(Tone::Good, &format!("+ {name}  {}", clean(it.value))))
}

/// The fields that differ, in two columns, live → desired.
fn change_lines<'a>(
    all: &'a [&DifferenceView<'_>],
    facet: &str,
    style: Style,
) -> impl Iterator<Item = String> + 'a {
    let names = names(all.iter().map(|it| it.path), facet);
    all.iter().zip(names).map(move |(it, name)| {
        let (mark, tone) = match (it.live, it.desired) {
            ("absent", _) => ("+", Tone::Good),
            (_, "absent") => ("-", Tone::Bad),
            _ => ("~", Tone::Change),
        };
        let who = if it.origin == "pending" { String::new() } else { format!("  ({})", it.origin) };
        let (live, desired) = (clean(it.live), clean(it.desired));
        let what = if live == desired {
            format!("{live} changed")
        } else {
            format!("{live} → {desired}")
        };
        style.paint(tone, &format!("{mark} {name}  {what}{who}"))
    })
}

/// The names of fields, all as wide as the widest, up to a limit.
fn names<'a>(paths: impl Iterator<Item = &'a str>, facet: &str) -> Vec<String> {
    let names: Vec<String> = paths.map(|it| name(it, facet)).collect();
    let widest = names.iter().map(|it| it.chars().count()).max().unwrap_or_default();
    let width = widest.min(NAME_MAX);
    names.into_iter().map(|it| format!("{it:width$}")).collect()
}

/// A JSON Pointer as people write a field: without its facet, with dots. Of a whole its facet's name.
fn name(path: &str, facet: &str) -> String {
    let member = facet.split('[').next().unwrap_or_default();
    let whole = path.trim_start_matches('/');
    let below = whole.strip_prefix(&member.replace('.', "/")).unwrap_or(whole);
    let below = below.trim_start_matches('/');
    let dotted = below.split('/').map(|it| it.replace("~1", "/").replace("~0", "~"));
    let dotted = dotted.collect::<Vec<_>>().join(".");
    clean(if dotted.is_empty() { member } else { &dotted })
}

/// A plan in Markdown, for a comment on a pull request.
pub(super) fn markdown(plan: &PlanView<'_>) -> String {
    let mut text = format!("### Evenkeel plan: {}\n", summary(&plan.summary));
    for problem in &plan.problems {
        text += &["\n> ", &clean(problem), "\n"].concat();
    }
    let objects = objects(plan, Style::PLAIN);
    if objects.is_empty() {
        return text;
    }
    // `!` is what viewers of diffs colour as a change.
    let lines = objects.lines().map(|line| match line.strip_prefix("~ ") {
        Some(rest) => format!("! {rest}"),
        None => line.to_owned(),
    });
    let body = lines.collect::<Vec<_>>().join("\n");
    let fence = fence(&body);
    text += &["\n", &fence, "diff\n", &body, "\n", &fence, "\n"].concat();
    text + &next(plan).map(|it| format!("\n{it}\n")).unwrap_or_default()
}

/// A fence that nothing in the text can close.
fn fence(text: &str) -> String {
    let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_named_as_in_a_manifest() {
        assert_eq!(name("/memorySize", "function"), "memorySize");
        assert_eq!(name("/environment/variables/A", "function"), "environment.variables.A");
        assert_eq!(name("/url/authType", "url"), "authType");
        assert_eq!(name("/url", "url"), "url");
        assert_eq!(
            name("/concurrency/provisioned", "concurrency.provisioned"),
            "concurrency.provisioned"
        );
        assert_eq!(name("/eventSources/batchSize", "eventSources[arn:x]"), "batchSize");
        assert_eq!(name("/tags/a~1b", "function"), "tags.a/b");
        assert_eq!(name("", "function"), "function");
    }

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        assert_eq!(fence("plain"), "```");
        assert_eq!(fence("a ```` b `` c"), "`````");
    }
}

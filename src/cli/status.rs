//! `evenkeel status`: the objects of a running Evenkeel, over its API.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    args::{StatusArgs, StatusOutput},
    detail,
    error::{CliError, DaemonError},
    out::{clean, note, print},
    outcome::CommandOutcome,
    rows::{
        ago, facet_name, fetch, is_called, items, member, orphan, place, repeats, status_word,
        wanted_objects, word,
    },
    style::{Style, Tone},
    table,
    wait::{WaitProgress, others},
};
use crate::{
    daemon::{
        clock::SystemClock,
        view::{plan::PlanOutcome, problems::number_of},
    },
    engine::{count::count, status::Status, time::Clock as _},
};

/// The pause of `--watch` and `--wait`.
const PAUSE: Duration = Duration::from_secs(2);

/// Prints the daemon's objects once, or with `--watch` again and again. If one name is given and it is
/// that of one object, its details are printed instead. With `--wait`, waits for a status first.
pub(super) fn status(args: &StatusArgs, no_color: bool) -> Result<CommandOutcome, CliError> {
    let style = Style::of_stdout(no_color);
    if args.wait {
        let (answer, came) = wait(args)?;
        print(&shown(args, &answer, style)?)?;
        return Ok(if came { CommandOutcome::Good } else { CommandOutcome::Differs });
    }
    loop {
        let answer = ask(args)?;
        let text = shown(args, &answer, style)?;
        if !args.watch {
            print(&text)?;
            return Ok(outcome(&answer));
        }
        let clear = if std::io::stdout().is_terminal() { "\u{1b}[2J\u{1b}[H" } else { "" };
        print(&format!("{clear}{text}"))?;
        pause(PAUSE);
    }
}

fn pause(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "this command has no runtime to block")]
    std::thread::sleep(time);
}

/// The objects that are meant, the worst first.
fn ask(args: &StatusArgs) -> Result<Value, DaemonError> {
    let url = format!("{}/api/v1/objects?sort=status", args.url.trim_end_matches('/'));
    let mut answer = fetch(&url)?;
    narrow(&mut answer, args)?;
    Ok(answer)
}

/// Asks until all that is meant has the wanted status, or time is up; says which it was. An object that is not there
/// yet is waited for. Each change on the way is a line on standard error.
fn wait(args: &StatusArgs) -> Result<(Value, bool), DaemonError> {
    #[expect(clippy::disallowed_methods, reason = "a person waits, by the clock on the wall")]
    let began = Instant::now();
    let mut progress = WaitProgress::default();
    loop {
        let asked = ask(args);
        let late = began.elapsed() >= args.timeout;
        match asked {
            Ok(answer) if has_come(&answer, args.wanted) => return Ok((answer, true)),
            Ok(answer) if late => {
                let wanted = args.wanted.as_str();
                let pending = pending(&answer, args.wanted);
                note(&format!("not {wanted} within {:?}: {pending}", args.timeout));
                return Ok((answer, false));
            }
            Err(error @ DaemonError::NoObject { .. }) if late => return Err(error),
            Ok(answer) => progress.say(pending(&answer, args.wanted)),
            Err(DaemonError::NoObject { name }) => {
                progress.say(format!("no object is called `{name}` yet"));
            }
            Err(error) => return Err(error),
        }
        pause(PAUSE.min(args.timeout.saturating_sub(began.elapsed())));
    }
}

/// Whether every object has a status, and the manifests are read: there may be more of them.
fn has_come(answer: &Value, wanted: Status) -> bool {
    let well = wanted != Status::Synced || unsettled(answer).is_empty();
    well && wanted_objects(answer).all(|it| word(it, "status") == wanted.as_str())
}

/// What is waited for: the objects that have another status, and what keeps the whole from being in sync.
fn pending(answer: &Value, wanted: Status) -> String {
    let others = Some(others(answer, wanted.as_str())).filter(|it| !it.is_empty());
    let rest = if wanted == Status::Synced { unsettled(answer) } else { Vec::new() };
    others.into_iter().chain(rest).collect::<Vec<_>>().join("; ")
}

/// Returns what the command prints.
fn shown(args: &StatusArgs, answer: &Value, style: Style) -> Result<String, DaemonError> {
    let now = SystemClock::start().now().wall;
    let mut objects = items(answer, "objects");
    let one = objects.next().filter(|_| objects.next().is_none());
    Ok(match args.output {
        StatusOutput::Json => format!("{answer:#}"),
        StatusOutput::Wide => text(answer, StatusTable { wide: true, style, now }),
        StatusOutput::Text => match (args.names.as_slice(), one) {
            ([_], Some(object)) => detail::detail(&args.url, object, now)?,
            _ => text(answer, StatusTable { wide: false, style, now }),
        },
    })
}

/// Removes the objects that the names and labels do not select; fails if a name is no object's, or no
/// object is left.
fn narrow(answer: &mut Value, args: &StatusArgs) -> Result<(), DaemonError> {
    let Some(Value::Array(objects)) = answer.get_mut("objects") else { return Ok(()) };
    let unknown = args.names.iter().find(|name| !objects.iter().any(|it| is_called(it, name)));
    if let Some(name) = unknown {
        return Err(DaemonError::NoObject { name: name.clone() });
    }
    let any = !objects.is_empty();
    objects.retain(|it| {
        let labels = member(it, "labels");
        let named = args.names.is_empty() || args.names.iter().any(|name| is_called(it, name));
        named && args.label.iter().all(|(key, value)| word(labels, key) == value)
    });
    if any && objects.is_empty() {
        return Err(DaemonError::NoSuchLabels);
    }
    Ok(())
}

/// How the table is drawn.
#[derive(Clone, Copy)]
struct StatusTable {
    /// With more columns, and every facet.
    wide: bool,
    style: Style,
    now: Timestamp,
}

/// Returns how many objects have which status, what holds back writes, and the table.
fn text(answer: &Value, form: StatusTable) -> String {
    let style = form.style;
    let mut lines = vec![style.paint(Tone::Bold, &counts(answer))];
    for target in items(answer, "targets").filter(|it| !member(it, "paused").is_null()) {
        let (name, message) = (word(target, "name"), word(member(target, "paused"), "message"));
        let own = items(answer, "objects").filter(|it| word(it, "target") == name).count();
        lines.push(format!("target {name} is on hold{}: {message}", number_of(own)));
    }
    lines.extend(items(answer, "targets").flat_map(rails));
    lines.extend(unsettled(answer));
    let mut lines: Vec<String> = lines.iter().map(|it| it.replace('\n', " ")).collect();
    let head = ["STATUS", "OBJECT", "IMAGE", "DRIFT", "SINCE", "OBSERVED", "READ"];
    let more = if form.wide { &["MODE", "MANIFEST", "LABELS", "REASON"][..] } else { &["REASON"] };
    let head = head.iter().chain(more).map(|it| (*it).to_owned()).collect();
    let mut rows: Vec<Vec<String>> = vec![head];
    let mut tones = vec![Tone::Faint];
    for object in items(answer, "objects") {
        rows.push(object_cells(object, form));
        tones.push(tone(status_word(object)));
        for facet in facets(object, form.wide) {
            rows.push(facet_cells(facet, form));
            tones.push(tone(word(facet, "status")));
        }
    }
    let cells: Vec<Vec<String>> =
        rows.into_iter().map(|row| row.iter().map(|it| clean(it)).collect()).collect();
    let table = table::columns(&cells);
    let painted = table.lines().zip(tones).map(|(line, tone)| style.paint(tone, line));
    lines.extend(painted);
    lines.join("\n")
}

/// As `12 objects: 1 drifted, 11 synced`, the worst first.
fn counts(answer: &Value) -> String {
    let mut statuses = Status::ALL;
    statuses.sort_by_key(|it| std::cmp::Reverse(it.display_rank()));
    let of =
        |status: &str| wanted_objects(answer).filter(|it| word(it, "status") == status).count();
    let parts = statuses.iter().map(|it| (of(it.as_str()), it.as_str()));
    let parts: Vec<String> =
        parts.filter(|(it, _)| *it > 0).map(|(number, it)| format!("{number} {it}")).collect();
    let all = wanted_objects(answer).count();
    // Counted in the words of a plan, which has no manifest for them either.
    let orphans = [PlanOutcome::Delete, PlanOutcome::Left].into_iter().filter_map(|it| {
        let number = items(answer, "objects").filter(|object| orphan(object) == Some(it)).count();
        (number > 0).then(|| format!("{number} {}", it.words()))
    });
    let orphans = orphans.collect::<Vec<_>>().join(", ");
    let orphans = if orphans.is_empty() { orphans } else { format!("; {orphans}") };
    if parts.is_empty() {
        return format!("no objects{orphans}");
    }
    format!("{}: {}{orphans}", count(all, "object"), parts.join(", "))
}

fn tone(status: &str) -> Tone {
    match status {
        "synced" => Tone::Good,
        "drifted" | "refused" | "failed" | "unknown" | "delete" => Tone::Bad,
        "left" => Tone::Faint,
        _ => Tone::Change,
    }
}

/// The facets that have a line of their own: those that are not in sync, where there are several; with `all` every one.
/// What fails for the same reason as the object itself has none: where that is all, the object's own line says it.
fn facets(object: &Value, all: bool) -> impl Iterator<Item = &Value> {
    let base = items(object, "facets").next();
    let alike = move |it: &Value| base.is_some_and(|base| repeats(it, base));
    let own = move |it: &Value| word(it, "status") != "synced" && !alike(it);
    let others = || items(object, "facets").skip(1);
    let told = others().any(alike) && !others().any(own);
    let several = others().next().is_some() && (all || !told);
    let is_base = move |it: &Value| base.is_some_and(|base| std::ptr::eq(it, base));
    items(object, "facets").filter(move |it| {
        several && (all || own(it) || is_base(it) && word(it, "status") != "synced")
    })
}

/// Returns what keeps things from being written or deleted in a target, one line each.
fn rails(target: &Value) -> Vec<String> {
    let name = word(target, "name");
    let mut lines = Vec::new();
    let held = member(target, "held");
    if !held.is_null() {
        lines.push(format!("target {name}: nothing is written: {}", word(held, "message")));
    }
    let prune = member(target, "prune");
    let blocked = member(prune, "blocked");
    if !blocked.is_null() {
        let (count, hash) = (member(prune, "candidates"), word(prune, "hash"));
        let why = word(blocked, "message");
        lines.push(format!("target {name}: {count} to delete (hash {hash}): {why}"));
    }
    for rollout in items(target, "rollouts") {
        let number = |name| member(rollout, name).to_string();
        let halted = member(rollout, "halted").as_bool() == Some(true);
        lines.push(format!(
            "target {name}: an update of {} is in wave {}, {} released{}",
            count(member(rollout, "members").as_u64().unwrap_or_default(), "object"),
            number("wave"),
            number("released"),
            if halted { "; it has stopped at a failure" } else { "" },
        ));
    }
    lines
}

/// Returns the cells of one object, in the order of the table's head.
fn object_cells(object: &Value, form: StatusTable) -> Vec<String> {
    let now = form.now;
    let digests = member(object, "digests");
    let image = match (word(digests, "desired"), word(digests, "live")) {
        (desired, live) if desired == live || desired.is_empty() => live.to_owned(),
        (desired, live) => format!("{live} → {desired}"),
    };
    let mut cells = vec![
        status_word(object).to_owned(),
        word(object, "key").to_owned(),
        image,
        causes(object),
        ago(object, "since", now),
        ago(object, "observed", now),
        ago(object, "audited", now),
    ];
    if form.wide {
        let labels = member(object, "labels").as_object().into_iter().flatten();
        let labels: Vec<String> = labels
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
            .collect();
        cells.extend([word(object, "mode").to_owned(), place(object), labels.join(",")]);
    }
    // A facet with a line of its own says it there.
    let said = facets(object, form.wide).next().is_some();
    cells.push(if said { String::new() } else { reason(object) });
    cells
}

/// Returns the cells of one facet, below those of its object.
fn facet_cells(facet: &Value, form: StatusTable) -> Vec<String> {
    let now = form.now;
    let mut cells = vec![
        format!("  {}", word(facet, "status")),
        format!("  {}", facet_name(facet)),
        String::new(),
        causes(facet),
        ago(facet, "since", now),
        ago(facet, "observed", now),
        ago(facet, "audited", now),
    ];
    if form.wide {
        cells.extend([const { String::new() }; 3]);
    }
    cells.push(reason(facet));
    cells
}

fn causes(value: &Value) -> String {
    let causes: Vec<&str> = items(value, "causes").filter_map(Value::as_str).collect();
    causes.join(",")
}

fn reason(value: &Value) -> String {
    match (word(value, "status"), word(value, "message")) {
        ("synced", _) => String::new(),
        (_, message) => format!("{}: {message}", word(value, "reason")),
    }
}

/// Returns `Good` if every object that a manifest asks for is in sync, and so is the whole.
fn outcome(answer: &Value) -> CommandOutcome {
    if has_come(answer, Status::Synced) { CommandOutcome::Good } else { CommandOutcome::Differs }
}

/// Returns what keeps the whole from being in sync besides the objects: a start whose first read is
/// not done, and manifests that do not count. One line each.
fn unsettled(answer: &Value) -> Vec<String> {
    let source = member(answer, "source");
    let count = |name: &str| member(source, name).as_u64().unwrap_or_default();
    let mut lines = Vec::new();
    let unread = member(source, "snapshot").is_null() || count("documents") > 0;
    let strays: Vec<&str> = items(source, "strays").filter_map(Value::as_str).collect();
    if items(answer, "objects").next().is_none() && unread && strays.is_empty() {
        lines.push("nothing has been read yet".to_owned());
    }
    let error = word(source, "error");
    if !error.is_empty() {
        lines.push(format!("the manifests: {error}"));
    }
    if count("invalid") > 0 {
        lines.push(format!("files with faults: {}; `evenkeel check` names them", count("invalid")));
    }
    lines.extend(
        strays.iter().map(|it| format!("manifests name the target `{it}`, which is not declared")),
    );
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_not_been_read_is_not_in_sync() {
        let check = |source: Value, objects: Value, expected: CommandOutcome| {
            let answer = json!({ "source": source, "objects": objects });
            assert_eq!(outcome(&answer), expected, "{answer}");
        };
        let read = |documents: u64| json!({ "snapshot": "a1", "documents": documents });
        check(json!({ "snapshot": null }), json!([]), CommandOutcome::Differs);
        check(read(2), json!([]), CommandOutcome::Differs);
        check(read(0), json!([]), CommandOutcome::Good);
        check(read(1), json!([{ "status": "synced" }]), CommandOutcome::Good);
        check(read(1), json!([{ "status": "unknown" }]), CommandOutcome::Differs);
        check(read(1), json!([{ "status": "unverified" }]), CommandOutcome::Differs);
        check(read(0), json!([{ "status": "orphan", "orphan": true }]), CommandOutcome::Good);
        let faulty = json!({ "snapshot": "a1", "invalid": 1 });
        check(faulty, json!([{ "status": "synced" }]), CommandOutcome::Differs);
        let strays = json!({ "snapshot": "a1", "documents": 1, "strays": ["away"] });
        check(strays, json!([]), CommandOutcome::Differs);
    }

    #[test]
    fn counts_come_first_and_a_facet_says_why() {
        let facet = |name: &str, status: &str| json!({ "name": name, "item": null, "status": status, "reason": "Why", "message": "so" });
        let object = json!({
            "key": "default/Function/a", "status": "drifted", "reason": "Why", "message": "so",
            "facets": [facet("function", "synced"), facet("url", "drifted")],
        });
        let other = json!({
            "key": "default/Function/b", "status": "synced", "facets": [facet("function", "synced")],
        });
        let orphan = |key: &str, reason: &str| json!({ "key": key, "status": "unknown", "reason": reason, "orphan": true });
        let left = orphan("default/Function/c", "ManifestGone");
        let goes = orphan("default/Function/d", "PruneWaiting");
        let answer =
            json!({ "objects": [object, other, left, goes], "source": { "snapshot": "a1" } });
        let (now, style) = (Timestamp::UNIX_EPOCH, Style::PLAIN);
        let text = text(&answer, StatusTable { wide: false, style, now });
        let lines: Vec<String> =
            text.lines().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let counts =
            "2 objects: 1 drifted, 1 synced; 1 to delete, 1 left, which no manifest asks for";
        assert_eq!(lines[0], counts);
        assert_eq!(lines[2], "drifted default/Function/a never never never");
        assert_eq!(lines[3], "drifted url never never never Why: so");
        assert_eq!(lines[4], "synced default/Function/b never never never");
        assert_eq!(lines[5], "left default/Function/c never never never ManifestGone:");
        assert_eq!(lines[6], "delete default/Function/d never never never PruneWaiting:");
    }

    /// Where AWS does not answer, an object says so once, and the target how many objects that is about.
    #[test]
    fn one_failure_has_one_line_an_object() {
        let facet = |name: &str, reason: &str, call: &str| {
            let message = format!("{call} failed: no connection");
            json!({ "name": name, "item": null, "status": "unknown", "reason": reason, "message": message })
        };
        let base = facet("function", "ListFailed", "ListFunctions");
        let url = facet("url", "ReadFailed", "GetFunction");
        let object = |facets: &[&Value]| {
            let (reason, message) = (&base["reason"], &base["message"]);
            json!({
                "key": "default/Function/a", "target": "default", "status": "unknown", "reason": reason,
                "message": message, "facets": facets,
            })
        };
        let shown = |object: Value| {
            let target = json!({ "name": "default", "paused": { "message": "no credentials" } });
            let answer =
                json!({ "objects": [object], "targets": [target], "source": { "snapshot": "a1" } });
            let (now, style) = (Timestamp::UNIX_EPOCH, Style::PLAIN);
            let text = text(&answer, StatusTable { wide: false, style, now });
            text.lines()
                .map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
        };
        let lines = shown(object(&[&base, &url]));
        assert_eq!(lines[1], "target default is on hold (1 object): no credentials");
        let why = "ListFailed: ListFunctions failed: no connection";
        assert_eq!(lines[3..], [format!("unknown default/Function/a never never never {why}")]);
        // What fails otherwise has a line, and so has the object itself then.
        let mut other = url.clone();
        other["message"] = json!("GetFunction failed: AccessDeniedException");
        let lines = shown(object(&[&base, &url, &other]));
        assert_eq!(lines.len(), 6, "{lines:#?}");
        assert!(lines[4].starts_with("unknown function") && lines[5].starts_with("unknown url"));
    }
}

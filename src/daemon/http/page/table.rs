//! The table of objects: filters, order and page stand in the address.

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};

use super::{
    format::{TimeCell, ahead, digests, encoded, href, image},
    layout::{ErrorPage, Layout, PageContext, page},
};
use crate::{
    daemon::{
        http::context::AppState,
        objects::BoardObject,
        view::{
            View,
            params::{ObjectParams, SortOrder},
            query::{BadQuery, ObjectQuery, ResultPage},
        },
    },
    engine::{diff::Cause, name::Name, status::Status},
    kinds::TAGGED,
};

/// How many rows a page has if the address does not say.
const LIMIT: &str = "100";

#[derive(Template)]
#[template(path = "objects.html")]
struct Table {
    layout: Layout,
    fields: Vec<Choice>,
    params: ObjectParams,
    columns: Vec<ColumnHead>,
    rows: Vec<ObjectRow>,
    total: usize,
    next: Option<String>,
    first: Option<String>,
    filtered: bool,
}

/// A choice of the form.
struct Choice {
    name: &'static str,
    label: &'static str,
    options: Vec<Opt>,
}

struct Opt {
    value: String,
    text: String,
    chosen: bool,
}

/// The head of a column, and the address that sorts by it.
struct ColumnHead {
    text: &'static str,
    href: Option<String>,
    sorted: bool,
}

struct ObjectRow {
    href: String,
    key: String,
    status: &'static str,
    image: String,
    digests: String,
    causes: String,
    drift: Option<TimeCell>,
    observed: Option<TimeCell>,
    next: String,
    reason: &'static str,
    message: String,
    orphan: bool,
}

/// Answers with the table of objects that the query asks for, or with 400 and what is wrong with
/// the query.
pub(super) async fn table(
    State(app): State<AppState>,
    params: Result<Query<ObjectParams>, QueryRejection>,
) -> Response {
    let made = app.render(|viewer, view| {
        let context = PageContext { viewer, view };
        let asked = params.map_err(|bad| bad.body_text());
        let made =
            asked.and_then(|Query(params)| of(context, params).map_err(|bad| bad.to_string()));
        match made {
            Ok(table) => page(StatusCode::OK, &table),
            Err(message) => ErrorPage::respond(context, StatusCode::BAD_REQUEST, message),
        }
    });
    made.await
}

/// Makes the table of objects. Its links keep the filters.
fn of(context: PageContext<'_>, mut params: ObjectParams) -> Result<Table, BadQuery> {
    let view = context.view;
    if params.limit.is_empty() {
        params.limit = LIMIT.into();
    }
    let query = ObjectQuery::parse(&params)?;
    let ResultPage { items, total, next } = view.select(&query);
    let here = |params: &ObjectParams| format!("/objects{}", params.address());
    let json = format!("/api/v1/objects{}", params.address());
    let layout = Layout::new(context, "objects", "Objects", json);
    let all = ObjectParams { cursor: String::new(), ..params.clone() };
    Ok(Table {
        layout,
        fields: fields(view, &params),
        columns: columns(&all),
        rows: items.iter().map(|it| object_row(it, view)).collect(),
        total,
        next: next.map(|cursor| here(&ObjectParams { cursor, ..params.clone() })),
        first: (!params.cursor.is_empty()).then(|| here(&all)),
        filtered: all.filters(),
        params,
    })
}

/// Makes a row of the table. An object in sync has no reason in it.
fn object_row(it: &BoardObject, view: &View) -> ObjectRow {
    let row = &it.base;
    let key = row.key.to_string();
    let (synced, reason) = (it.status == Status::Synced, &it.worst().reason);
    ObjectRow {
        href: href(&key),
        key,
        status: it.status.as_str(),
        image: image(row).to_owned(),
        digests: digests(row),
        causes: it.causes.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", "),
        drift: TimeCell::maybe(it.drift_since, view),
        observed: TimeCell::maybe(it.observed(), view),
        next: ahead(it.next_check(), view),
        reason: if synced { "" } else { reason.code },
        message: if synced { String::new() } else { reason.message.clone() },
        orphan: row.orphan,
    }
}

/// The heads of the columns; some of them can be sorted by. `params` has no cursor, so that a table
/// in another order begins at its first page.
fn columns(params: &ObjectParams) -> Vec<ColumnHead> {
    let all = [
        ("Status", Some(SortOrder::Status)),
        ("Object", Some(SortOrder::Key)),
        ("Image", None),
        ("Drift", Some(SortOrder::Drift)),
        ("Observed", Some(SortOrder::Observed)),
        ("Next check", None),
        ("Reason", None),
    ];
    let column = |(text, order): (_, Option<SortOrder>)| {
        let sort = order.map(SortOrder::as_str);
        let sorted =
            sort.is_some_and(|it| it == params.sort || params.sort.is_empty() && it == "key");
        let sorted_by = |sort: &str| ObjectParams { sort: sort.to_owned(), ..params.clone() };
        ColumnHead {
            text,
            href: sort.map(|it| format!("/objects{}", sorted_by(it).address())),
            sorted,
        }
    };
    all.map(column).into()
}

/// The choices of the filter form. Targets are among them only if there are several, or if the
/// address names one.
fn fields(view: &View, params: &ObjectParams) -> Vec<Choice> {
    let words = |words: Vec<&str>, chosen: &str| {
        let mut words: Vec<String> = words.into_iter().map(ToOwned::to_owned).collect();
        // What only an address can ask for stays as it is.
        if !chosen.is_empty() && !words.iter().any(|it| it == chosen) {
            words.push(chosen.to_owned());
        }
        let any = Opt { value: String::new(), text: "any".into(), chosen: chosen.is_empty() };
        let option = |word: String| Opt { chosen: word == chosen, text: word.clone(), value: word };
        std::iter::once(any).chain(words.into_iter().map(option)).collect()
    };
    let targets: Vec<&str> = view.shown.targets.keys().map(Name::as_str).collect();
    let choice =
        |name, label, all, chosen: &str| Choice { name, label, options: words(all, chosen) };
    let mut fields = vec![
        choice("status", "Status", Status::ALL.map(Status::as_str).into(), &params.status),
        choice("kind", "Kind", TAGGED.to_vec(), &params.kind),
        choice("cause", "Cause", Cause::ALL.map(Cause::as_str).into(), &params.cause),
    ];
    if targets.len() > 1 || !params.target.is_empty() {
        fields.push(choice("target", "Target", targets, &params.target));
    }
    fields
}

impl ObjectParams {
    /// Whether it leaves anything out.
    fn filters(&self) -> bool {
        let words = [&self.target, &self.kind, &self.status, &self.cause, &self.label, &self.q];
        words.iter().any(|it| !it.is_empty())
    }

    /// The parameters as the query of an address, with its `?`; empty if there are none.
    fn address(&self) -> String {
        let limit = if self.limit == LIMIT { "" } else { &self.limit };
        let members = [
            ("target", self.target.as_str()),
            ("kind", &self.kind),
            ("status", &self.status),
            ("cause", &self.cause),
            ("label", &self.label),
            ("q", &self.q),
            ("sort", &self.sort),
            ("limit", limit),
            ("cursor", &self.cursor),
        ];
        let given = members.iter().filter(|(_, value)| !value.is_empty());
        let given: Vec<String> =
            given.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if given.is_empty() { String::new() } else { format!("?{}", given.join("&")) }
    }
}

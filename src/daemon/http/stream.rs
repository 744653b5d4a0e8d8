//! Events as they happen, as Server-Sent Events: whoever was cut off goes on where he was.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{self, Interval, MissedTickBehavior},
};

use super::context::AppState;
use crate::daemon::{stop::stopped, view::Viewer};

/// How often a stream may say that rows have changed.
const TURN_MIN: Duration = Duration::from_secs(1);
/// How soon a browser should come back.
const COME_BACK: Duration = Duration::from_secs(3);
/// How often a stream says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What happens, as it happens
///
/// Server-Sent Events. `event: event` has an event as JSON, and an id; give the last one as `Last-Event-ID` to go on
/// after it. `event: rows` says that objects may look different now, at most once a second. `event: reset` says that
/// events were missed (too many, or Evenkeel was started anew): read everything again. A stream ends after ten minutes.
#[utoipa::path(get, path = "/events/stream", tag = "events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses(
        (status = 200, description = "A stream", body = String, content_type = "text/event-stream"),
        (status = 503, description = "There are 64 streams already", body = String, content_type = "text/plain"),
    )
)]
pub(super) async fn follow(State(app): State<AppState>, headers: HeaderMap) -> Response {
    let Ok(permit) = Arc::clone(&app.streams).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many streams at once\n").into_response();
    };
    let last = headers.get("last-event-id").map(|it| it.to_str().unwrap_or_default());
    let follower = Follower::new(&app, permit, last);
    let events = stream::unfold(follower, Follower::next);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Sse::new(events).keep_alive(keep_alive).into_response()
}

/// One who follows what happens.
struct Follower {
    viewer: Arc<Viewer>,
    newest: watch::Receiver<u64>,
    turns: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    pause: Interval,
    /// The last event that is in `ready` or went out.
    last: u64,
    ready: VecDeque<Event>,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    /// Begins to follow: after the event with the id `last`, or, without one, after the newest
    /// event. An id that this process never gave leads to a `reset`.
    fn new(app: &AppState, permit: OwnedSemaphorePermit, last: Option<&str>) -> Self {
        let viewer = Arc::clone(&app.viewer);
        let mut pause = time::interval(TURN_MIN);
        pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut newest, mut turns) = (viewer.event_log.newest(), viewer.board.turns());
        turns.mark_unchanged();
        let now = *newest.borrow_and_update();
        let mut follower = Self {
            viewer,
            newest,
            turns,
            stop: app.stop.clone(),
            pause,
            last: now,
            // So that the head goes out at once.
            ready: VecDeque::from([Event::default().retry(COME_BACK).comment("hello")]),
            _permit: permit,
        };
        if let Some(id) = last {
            // A number that nobody was given: the reader is told to begin anew.
            follower.last = follower.viewer.event_log.number(id).unwrap_or(u64::MAX);
            follower.fetch();
        }
        follower
    }

    /// Queues the events that came after the last one, or a `reset` if some of them are forgotten.
    fn fetch(&mut self) {
        let Some(events) = self.viewer.event_log.read(|store| store.after(self.last)) else {
            self.last = *self.newest.borrow();
            let id = self.viewer.event_log.id(self.last);
            self.ready.push_back(Event::default().event("reset").id(id).data("{}"));
            return;
        };
        for event in events {
            self.last = event.number;
            let json = self.viewer.event(&event);
            let text = serde_json::to_string(&json).unwrap_or_default();
            self.ready.push_back(Event::default().event("event").id(json.id).data(text));
        }
    }

    /// Waits for the next message of the stream, and returns it with the follower for the message
    /// after it; `None` ends the stream.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((Ok(event), self));
            }
            let (pause, turns) = (&mut self.pause, &mut self.turns);
            let turned = async {
                pause.tick().await;
                turns.changed().await
            };
            tokio::select! {
                changed = self.newest.changed() => {
                    changed.ok()?;
                    self.fetch();
                }
                changed = turned => {
                    changed.ok()?;
                    self.ready.push_back(Event::default().event("rows").data("{}"));
                }
                () = stopped(&mut self.stop) => return None,
            }
        }
    }
}

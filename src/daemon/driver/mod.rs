//! The driver of one engine: it turns work into calls and answers into events. All waiting of one kind
//! in one target happens in [`Driver::run`].

mod event_loop;
mod ports;
mod read;

pub(crate) use self::{
    event_loop::Driver,
    ports::{EVENTS_MAX, Ports},
};

//! How a push goes on: a bar for each layer on a terminal, a line for each elsewhere.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::{
    cli::out::{is_watched, note},
    registry::{
        image::{BlobDescriptor, LocalImage},
        push::PushObserver,
    },
};

/// How many characters of a digest are shown.
const SHORT: usize = 12;

/// One bar for each blob.
pub(super) struct PushProgress {
    names: Vec<String>,
    bars: Option<(MultiProgress, Vec<ProgressBar>)>,
}

impl PushProgress {
    /// Draws a bar for each blob if somebody watches standard error.
    pub(super) fn of(image: &LocalImage) -> Self {
        let blobs = image.blobs();
        let name =
            |digest: &str| digest.trim_start_matches("sha256:").chars().take(SHORT).collect();
        let names: Vec<String> = blobs.iter().map(|it| name(&it.digest)).collect();
        let bars = is_watched().then(|| {
            let all = MultiProgress::new();
            let template = "{prefix} {bar:30} {bytes:>10}/{total_bytes:10} {msg}";
            let style = ProgressStyle::with_template(template);
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = |(blob, name): (&&BlobDescriptor, &String)| {
                let bar = ProgressBar::new(blob.size).with_style(style.clone());
                all.add(bar.with_prefix(name.clone()))
            };
            let bars = blobs.iter().zip(&names).map(bar).collect();
            (all, bars)
        });
        Self { names, bars }
    }

    /// Ends a blob's bar with this text, or prints a line where there are no bars.
    fn finish(&self, blob: usize, text: &str) {
        match &self.bars {
            Some((_, bars)) => {
                if let Some(bar) = bars.get(blob) {
                    bar.finish_with_message(text.to_owned());
                }
            }
            None => note(&format!("  {} {text}", self.names.get(blob).map_or("", String::as_str))),
        }
    }
}

impl PushObserver for PushProgress {
    fn skipped(&self, blob: usize) {
        self.finish(blob, "is there already");
    }

    fn reached(&self, blob: usize, offset: u64) {
        if let Some(bar) = self.bars.as_ref().and_then(|(_, bars)| bars.get(blob)) {
            bar.set_position(offset);
        }
    }

    fn done(&self, blob: usize) {
        self.finish(blob, "pushed");
    }

    fn again(&self, why: &str) {
        let text = format!("  tried again: {why}");
        match &self.bars {
            Some((all, _)) => drop(all.println(text)),
            None => note(&text),
        }
    }
}

//! The classic Prometheus text format, written sample by sample. The library builds every sample as an
//! object first: for ten thousand functions that is a hundred megabytes at each scrape.

use std::fmt::{self, Write as _};

/// The type of a metric.
#[derive(Debug, Clone, Copy)]
pub(super) enum MetricType {
    Gauge,
    Counter,
}

/// A metric's name, its help and its labels.
pub(super) struct Family<'a>(pub(super) &'a str, pub(super) &'a str, pub(super) &'a [&'a str]);

/// How much is written before it is handed on.
const PIECE: usize = 64 * 1024;

/// A page of metrics that is being written.
pub(super) struct ExpositionWriter<'a> {
    text: String,
    take: &'a mut dyn FnMut(String) -> bool,
    /// Nobody takes it any more.
    left: bool,
}

impl<'a> ExpositionWriter<'a> {
    /// A page that is handed on piece by piece, as long as the pieces are taken.
    pub(super) fn new(take: &'a mut dyn FnMut(String) -> bool) -> Self {
        Self { text: String::new(), take, left: false }
    }

    /// Hands on what is left.
    pub(super) fn end(mut self) {
        self.hand_on(0);
    }

    fn hand_on(&mut self, least: usize) {
        if self.text.len() > least && !self.left {
            self.left = !(self.take)(std::mem::take(&mut self.text));
        }
    }

    /// One gauge family with all its samples.
    pub(super) fn gauge<const N: usize, S: AsRef<str>>(
        &mut self,
        family: &Family<'_>,
        samples: impl Iterator<Item = ([S; N], f64)>,
    ) {
        self.family(MetricType::Gauge, family, samples);
    }

    /// Writes one family with all its samples; nothing if there are none. Stops early once nobody
    /// takes the text any more.
    pub(super) fn family<const N: usize, S: AsRef<str>>(
        &mut self,
        sort: MetricType,
        family: &Family<'_>,
        samples: impl Iterator<Item = ([S; N], f64)>,
    ) {
        let Family(name, help, labels) = *family;
        let mut samples = samples.peekable();
        if samples.peek().is_none() {
            return;
        }
        let sort = match sort {
            MetricType::Gauge => "gauge",
            MetricType::Counter => "counter",
        };
        self.push(format_args!("# HELP {name} {help}\n# TYPE {name} {sort}\n"));
        // In the order of their names, as the library writes them.
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_by_key(|index| labels.get(*index));
        for (values, value) in samples {
            self.hand_on(PIECE);
            if self.left {
                return;
            }
            self.text.push_str(name);
            let mut mark = '{';
            let pairs = order.iter().filter_map(|it| Some((labels.get(*it)?, values.get(*it)?)));
            // Prometheus takes an empty label for one that is not there.
            let pairs =
                pairs.filter(|(label, text)| **label != "facet" || !text.as_ref().is_empty());
            for (label, text) in pairs {
                self.push(format_args!("{mark}{label}=\""));
                self.escaped(text.as_ref());
                self.text.push('"');
                mark = ',';
            }
            self.text.push_str(if mark == ',' { "} " } else { " " });
            self.push(format_args!("{value}\n"));
        }
    }

    /// Writes the value of a label with the format's escapes: it may hold anything.
    fn escaped(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '\\' => self.text.push_str("\\\\"),
                '"' => self.text.push_str("\\\""),
                '\n' => self.text.push_str("\\n"),
                other => self.text.push(other),
            }
        }
    }

    fn push(&mut self, text: fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("a string takes everything");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_handed_on_in_pieces_until_nobody_takes_them() {
        let mut pieces = Vec::new();
        let mut take = |piece: String| {
            pieces.push(piece.len());
            pieces.len() < 2
        };
        let mut writer = ExpositionWriter::new(&mut take);
        let family = Family("x_total", "Counts.", &["a"]);
        writer.family(MetricType::Counter, &family, (0..100_000).map(|it| ([it.to_string()], 1.0)));
        writer.end();
        assert_eq!(pieces.len(), 2);
        assert!(pieces.iter().all(|it| (PIECE..PIECE + 100).contains(it)), "{pieces:?}");
    }

    #[test]
    fn samples_are_written_as_prometheus_reads_them() {
        let mut text = String::new();
        let mut take = |piece: String| {
            text += &piece;
            true
        };
        let mut writer = ExpositionWriter::new(&mut take);
        let family = Family("x_total", "Counts.", &["b", "a"]);
        writer.family(MetricType::Counter, &family, [(["é", "q\"\\\n"], 1.5)].into_iter());
        writer.family(MetricType::Gauge, &Family("y", "Is.", &[]), [([""; 0], 1e10)].into_iter());
        writer.family(
            MetricType::Gauge,
            &Family("z", "Is not.", &["a"]),
            [].iter().copied().map(|it: ([&str; 1], f64)| it),
        );
        writer.end();
        expect_test::expect![[r#"
            # HELP x_total Counts.
            # TYPE x_total counter
            x_total{a="q\"\\\n",b="é"} 1.5
            # HELP y Is.
            # TYPE y gauge
            y 10000000000
        "#]]
        .assert_eq(&text);
    }
}

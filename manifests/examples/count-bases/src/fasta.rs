//! The counting: a FASTA text goes in piece by piece, of any size, and only the counts are kept.
//!
//! A line that begins with `>` begins a sequence, one that begins with `;` is a comment, all others are bases: A, C, G,
//! T, U and IUPAC's letters for several of them, in either case; `-` and `.` are gaps. Lines end with LF, CRLF or CR.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What may stand for a base: IUPAC's nucleotide codes.
const CODES: &[u8] = b"ACGTUNRYSWKMBDHV";
/// Those that every answer names, be there none.
const ALWAYS: &[u8] = b"ACGTN";
/// What editors on Windows put before a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Where in a line the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    /// In a header or a comment: all that counts is its end.
    Words,
    Bases,
}

/// Counts what it is fed with.
#[derive(Debug)]
pub(crate) struct Counter {
    at: At,
    line: u64,
    column: u64,
    /// Whether the last byte was a CR: an LF that follows ends the same line.
    after_cr: bool,
    /// How much of the mark at the beginning was seen; nothing of it is a base.
    marked: Option<usize>,
    sequences: u64,
    counts: [u64; 256],
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    sequences: u64,
    gaps: u64,
    bases: BTreeMap<char, u64>,
}

impl Counter {
    pub(crate) fn new() -> Self {
        Self {
            at: At::Start,
            line: 1,
            column: 0,
            after_cr: false,
            marked: Some(0),
            sequences: 0,
            counts: [0; 256],
        }
    }

    /// Counts a piece. Of what is wrong the first is told, with its place.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Result<(), String> {
        piece.iter().try_for_each(|byte| self.take(*byte))
    }

    /// What was counted, if there was a sequence.
    pub(crate) fn end(self) -> Result<Counts, String> {
        if self.sequences == 0 {
            return Err(
                "the text is empty; a FASTA text has lines like `>name`, and bases below them"
                    .into(),
            );
        }
        let count = |code: u8| self.counts.get(usize::from(code)).copied().unwrap_or_default();
        let found = CODES.iter().map(|it| (*it, count(*it)));
        let named = found.filter(|(code, count)| *count > 0 || ALWAYS.contains(code));
        let bases = named.map(|(code, count)| (char::from(code), count)).collect();
        Ok(Counts { sequences: self.sequences, gaps: count(b'-') + count(b'.'), bases })
    }

    fn take(&mut self, byte: u8) -> Result<(), String> {
        if self.is_mark(byte) {
            return Ok(());
        }
        if matches!(byte, b'\n' | b'\r') {
            self.line += u64::from(byte == b'\r' || !self.after_cr);
            (self.at, self.column, self.after_cr) = (At::Start, 0, byte == b'\r');
            return Ok(());
        }
        self.column += 1;
        self.after_cr = false;
        match (self.at, byte) {
            (At::Start, b'>') => {
                self.at = At::Words;
                self.sequences += 1;
            }
            (At::Start, b';') => self.at = At::Words,
            (At::Words, _) | (At::Start | At::Bases, b' ' | b'\t') => {}
            (At::Start | At::Bases, _) => return self.base(byte),
        }
        Ok(())
    }

    fn base(&mut self, byte: u8) -> Result<(), String> {
        let code = byte.to_ascii_uppercase();
        if self.sequences == 0 {
            return Err(self.no_header(byte));
        }
        if !CODES.contains(&code) && !matches!(code, b'-' | b'.') {
            return Err(self.no_base(byte));
        }
        self.at = At::Bases;
        if let Some(count) = self.counts.get_mut(usize::from(code)) {
            *count += 1;
        }
        Ok(())
    }

    /// Whether a byte belongs to the mark that may be at the very beginning.
    fn is_mark(&mut self, byte: u8) -> bool {
        let Some(seen) = self.marked else { return false };
        let is = MARK.get(seen) == Some(&byte);
        self.marked = is.then_some(seen + 1);
        is
    }

    fn no_header(&self, byte: u8) -> String {
        let line = self.line;
        match byte {
            0x1f => "the text is compressed with gzip; unpack it first".to_owned(),
            b'@' => {
                format!("line {line} begins with `@`: the text looks like FASTQ, not like FASTA")
            }
            _ => format!(
                "line {line} is not below a header; a FASTA text begins with a line like `>name`"
            ),
        }
    }

    fn no_base(&self, byte: u8) -> String {
        let (line, column) = (self.line, self.column);
        let hint = match byte.to_ascii_uppercase() {
            b'E' | b'F' | b'I' | b'J' | b'L' | b'O' | b'P' | b'Q' | b'X' | b'Z' | b'*' => {
                "; is it a protein? Only nucleotides are counted"
            }
            _ => "",
        };
        format!("line {line}, column {column}: `{}` is no base{hint}", byte.escape_ascii())
    }
}

impl Counts {
    pub(crate) fn length(&self) -> u64 {
        self.bases.values().sum()
    }

    pub(crate) fn sequences(&self) -> u64 {
        self.sequences
    }

    /// How many of these codes there are.
    fn sum(&self, codes: &str) -> u64 {
        codes.chars().filter_map(|it| self.bases.get(&it)).sum()
    }

    /// Bases of which one knows what they are.
    fn known(&self) -> u64 {
        self.sum("ACGTU")
    }

    /// The part of G and C among all bases that are known, to six digits. Without any there is none.
    fn gc_share(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "six digits of a share need no more")]
        let share = |part: u64| (part as f64 / self.known() as f64 * 1e6).round() / 1e6;
        (self.known() > 0).then(|| share(self.sum("GC")))
    }

    pub(crate) fn members(&self) -> Map<String, Value> {
        let bases: Map<String, Value> =
            self.bases.iter().map(|(code, count)| (code.to_string(), (*count).into())).collect();
        let all = [
            ("sequences", self.sequences.into()),
            ("length", self.length().into()),
            ("counts", bases.into()),
            ("gaps", self.gaps.into()),
            ("gcShare", self.gc_share().into()),
        ];
        all.map(|(name, value): (&str, Value)| (name.to_owned(), value)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The counts, which have to be the same wherever the text is cut.
    fn count(text: impl AsRef<[u8]>) -> Result<Value, String> {
        let text = text.as_ref();
        let whole = fed([text]);
        for size in 1..=5 {
            assert_eq!(fed(text.chunks(size)), whole, "in pieces of {size}");
        }
        whole
    }

    fn fed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Value, String> {
        let mut counter = Counter::new();
        for piece in pieces {
            counter.feed(piece)?;
        }
        counter.end().map(|it| it.members().into())
    }

    fn counts(text: &str) -> Value {
        count(text).unwrap()["counts"].clone()
    }

    #[test]
    fn bases_are_counted_over_lines_and_sequences() {
        let found = count(">a first\nACGT\nGG\n\n>b\nACGT").unwrap();
        for (name, expected) in [
            ("sequences", json!(2)),
            ("length", json!(10)),
            ("counts", json!({ "A": 2, "C": 2, "G": 4, "T": 2, "N": 0 })),
            ("gaps", json!(0)),
            ("gcShare", json!(0.6)),
        ] {
            assert_eq!(found[name], expected, "{name}");
        }
    }

    #[test]
    fn lower_case_counts_as_upper() {
        assert_eq!(counts(">a\nacgtn"), json!({ "A": 1, "C": 1, "G": 1, "T": 1, "N": 1 }));
    }

    #[test]
    fn codes_for_several_bases_are_named_where_they_are() {
        let found = count(">a\nRYSWKMBDHVNU--.").unwrap();
        let of = |code: &str| found["counts"][code].as_u64();
        assert!("RYSWKMBDHVNU".chars().all(|it| of(&it.to_string()) == Some(1)));
        assert_eq!((found["gaps"].as_u64(), found["length"].as_u64()), (Some(3), Some(12)));
        // Of the known ones, here the U, none is G or C.
        assert_eq!(found["gcShare"], json!(0.0));
        assert_eq!(count(">a\nNNN").unwrap()["gcShare"], Value::Null);
    }

    #[test]
    fn lines_end_in_three_ways() {
        let same = count(">a\nACGT\n>b\nTT\n").unwrap();
        assert_eq!(count(">a\r\nACGT\r\n>b\r\nTT\r\n").unwrap(), same);
        assert_eq!(count(">a\rACGT\r>b\rTT").unwrap(), same);
        for end in ["\n", "\r\n", "\r"] {
            let said = count(format!(">a{end}{end}AC!T")).unwrap_err();
            assert!(said.starts_with("line 3, column 3: `!`"), "{said}");
        }
    }

    #[test]
    fn comments_spaces_and_marks_are_no_bases() {
        let found = count("\u{feff}; by hand ACGT\n\n>a ACGT > ;\n;AAAA\n  AC GT \t\n").unwrap();
        assert_eq!((found["length"].as_u64(), found["sequences"].as_u64()), (Some(4), Some(1)));
        // A header may be in any encoding.
        assert!(count(b">caf\xe9 \x00\nACGT").is_ok());
    }

    #[test]
    fn a_sequence_may_be_empty_and_a_text_may_not() {
        assert_eq!(count(">a\n>b").unwrap()["sequences"], 2);
        for text in ["", "\n\r\n", "; nothing\n", " \n", "\u{feff}"] {
            assert!(count(text).unwrap_err().starts_with("the text is empty"), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_fasta_is_told_with_its_place() {
        for (text, said) in [
            (&b"ACGT\n"[..], "line 1 is not below a header"),
            (b"; comment\n\n{\"a\": 1}", "line 3 is not below a header"),
            (b"@read\nACGT\n+\nIIII\n", "line 1 begins with `@`: the text looks like FASTQ"),
            (b"\x1f\x8b\x08\x00", "compressed with gzip"),
            (b">a\nACGT\nAC1T", "line 3, column 3: `1` is no base"),
            (b">p\nMEEPQSDPSV", "line 2, column 2: `E` is no base; is it a protein?"),
            (b">p\nMK*", "line 2, column 3: `*` is no base; is it a protein?"),
            (b">a\nAC>T", "line 2, column 3: `>` is no base"),
            (b">a\nAC\x00T", "line 2, column 3: `\\x00` is no base"),
            (b">a\nAC\xc3\x84", "line 2, column 3: `\\xc3` is no base"),
            (b"\xef\xbbx", "line 1 is not below a header"),
        ] {
            let found = count(text).unwrap_err();
            assert!(found.contains(said), "{found}");
        }
    }
}

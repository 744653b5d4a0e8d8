//! Colour on a terminal, and none elsewhere.

use std::io::{self, IsTerminal as _};

/// Whether text is coloured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    coloured: bool,
}

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing.
    Plain,
    /// Something new, or all is well.
    Good,
    /// Something changes, or waits.
    Change,
    /// Something goes, or is wrong.
    Bad,
    /// Less important than what stands beside it.
    Faint,
    /// A heading.
    Bold,
}

impl Style {
    /// Coloured if standard output is a terminal, or `CLICOLOR_FORCE` asks for it, unless the user wants none.
    pub(super) fn of_stdout(no_color: bool) -> Self {
        let forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|it| it != "0");
        Self { coloured: !no_color && (forced || io::stdout().is_terminal()) }
    }

    /// Without colour.
    pub(super) const PLAIN: Self = Self { coloured: false };
    /// With colour, wherever the text goes.
    #[cfg(test)]
    pub(super) const COLOURED: Self = Self { coloured: true };

    /// A text in the colour of its tone. `text` must be clean: nothing in it moves the cursor.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.coloured || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Good => "32",
            Tone::Change => "33",
            Tone::Bad => "31",
            Tone::Faint => "2",
            Tone::Bold => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_coloured_only_where_it_may_be() {
        assert_eq!(Style::PLAIN.paint(Tone::Bad, "x"), "x");
        assert_eq!(Style::COLOURED.paint(Tone::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(Style::COLOURED.paint(Tone::Bad, ""), "");
    }
}

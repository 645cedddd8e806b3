//! How a letter is laid out: one set of words as plain text and as HTML that old and new mail programs show alike.

/// What a letter says, in the reader's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The language of the words, `en` or `fr`.
    pub language: String,
    /// Who writes: the community's name.
    pub from: String,
    /// The subject, and the heading.
    pub title: String,
    /// Hello and a name.
    pub greeting: String,
    /// Sentences, each a paragraph; line breaks in them stay.
    pub says: Vec<String>,
    /// Names with values: how much, until when.
    pub facts: Vec<(String, String)>,
    /// What there is to do: the button's words and the address behind it.
    pub act: Option<(String, String)>,
    /// Why the letter came.
    pub foot: String,
}

/// Between a name and its value; French has a narrow space before the colon.
fn colon(language: &str) -> &'static str {
    if language == "fr" { "\u{a0}: " } else { ": " }
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut all, c| {
        match c {
            '&' => all.push_str("&amp;"),
            '<' => all.push_str("&lt;"),
            '>' => all.push_str("&gt;"),
            '"' => all.push_str("&quot;"),
            '\'' => all.push_str("&#39;"),
            '\n' => all.push_str("<br>"),
            c => all.push(c),
        }
        all
    })
}

/// Colours of the light look that read well where a mail program turns them over for the dark one.
const INK: &str = "#1f2328";
const FAINT: &str = "#59636e";
const LINE: &str = "#d8dce1";
const PAPER: &str = "#ffffff";
const GROUND: &str = "#f3f4f6";
const ACT: &str = "#1a5fb4";

impl Sheet {
    /// As plain text, with a line's end after the last line.
    #[must_use]
    pub fn text(&self) -> String {
        let mut parts = vec![self.greeting.clone()];
        parts.extend(self.says.iter().cloned());
        let facts: Vec<String> = self.facts.iter().map(|(name, value)| format!("{name}{}{value}", colon(&self.language))).collect();
        if !facts.is_empty() {
            parts.push(facts.join("\n"));
        }
        if let Some((label, url)) = &self.act {
            parts.push(format!("{label}{}\n{url}", colon(&self.language).trim_end()));
        }
        parts.push(format!("-- \n{}\n{}", self.from, self.foot));
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n") + "\n"
    }

    /// As a page of HTML. Everything stands in the elements themselves: many mail programs drop style sheets.
    #[must_use]
    pub fn html(&self) -> String {
        let font = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
        let paragraph = |text: &str| format!("<p style=\"margin:0 0 16px\" dir=\"auto\">{}</p>\n", escaped(text));
        let says: String = self.says.iter().map(|text| paragraph(text)).collect();
        let row = |(name, value): &(String, String)| {
            format!(
                "<tr><td style=\"padding:6px 16px 6px 0;color:{FAINT};vertical-align:top\">{}</td>\
                 <td style=\"padding:6px 0;font-weight:600;overflow-wrap:anywhere\" dir=\"auto\">{}</td></tr>\n",
                escaped(name),
                escaped(value)
            )
        };
        let facts: String = self.facts.iter().map(row).collect();
        let facts = if facts.is_empty() {
            facts
        } else {
            format!(
                "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin:0 0 20px;font-size:16px\">\n{facts}</table>\n"
            )
        };
        let act = self.act.as_ref().map_or_else(String::new, |(label, url)| {
            format!(
                "<p style=\"margin:0 0 12px\"><a href=\"{url}\" style=\"display:inline-block;padding:12px 20px;border-radius:8px;\
                 background:{ACT};color:#ffffff;font-weight:600;text-decoration:none\">{label}</a></p>\n\
                 <p style=\"margin:0 0 16px;font-size:14px;color:{FAINT};overflow-wrap:anywhere\">{url}</p>\n",
                url = escaped(url),
                label = escaped(label)
            )
        });
        format!(
            "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
             <title>{title}</title></head>\n\
             <body style=\"margin:0;padding:0;background:{GROUND};color:{INK};{font};font-size:16px;line-height:1.5\">\n\
             <div style=\"max-width:560px;margin:0 auto;padding:24px 16px\">\n\
             <p style=\"margin:0 0 12px;font-weight:600;color:{FAINT}\" dir=\"auto\">{from}</p>\n\
             <div style=\"background:{PAPER};border:1px solid {LINE};border-radius:12px;padding:24px\">\n\
             <h1 style=\"margin:0 0 16px;font-size:22px;line-height:1.3\" dir=\"auto\">{title}</h1>\n\
             {greeting}{says}{facts}{act}</div>\n\
             <p style=\"margin:16px 0 0;font-size:14px;color:{FAINT}\">{foot}</p>\n</div>\n</body></html>\n",
            language = escaped(&self.language),
            title = escaped(&self.title),
            from = escaped(&self.from),
            greeting = paragraph(&self.greeting),
            foot = escaped(&self.foot),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        Sheet {
            language: "fr".to_owned(),
            from: "Le quai".to_owned(),
            title: "Reçu <1>".to_owned(),
            greeting: "Bonjour Ann,".to_owned(),
            says: vec!["Merci & à bientôt.\nDeux lignes".to_owned()],
            facts: vec![("Montant".to_owned(), "5,00\u{a0}€".to_owned())],
            act: Some(("Voir".to_owned(), "https://quai.example/settings/membership".to_owned())),
            foot: "Pourquoi".to_owned(),
        }
    }

    #[test]
    fn a_letter_says_the_same_as_text_and_as_html() {
        let text = sheet().text();
        assert_eq!(
            text,
            "Bonjour Ann,\n\nMerci & à bientôt.\nDeux lignes\n\nMontant\u{a0}: 5,00\u{a0}€\n\n\
             Voir\u{a0}:\nhttps://quai.example/settings/membership\n\n-- \nLe quai\nPourquoi\n"
        );
        let html = sheet().html();
        for part in
            ["lang=\"fr\"", "Reçu &lt;1&gt;", "Merci &amp; à bientôt.<br>Deux lignes", "href=\"https://quai.example/settings/membership\""]
        {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert!(!html.contains("<1>"));
    }

    #[test]
    fn what_is_not_said_leaves_no_trace() {
        let bare = Sheet { says: Vec::new(), facts: Vec::new(), act: None, ..sheet() };
        assert_eq!(bare.text(), "Bonjour Ann,\n\n-- \nLe quai\nPourquoi\n");
        assert!(!bare.html().contains("<table") && !bare.html().contains("<a "));
    }
}

//! QR codes as SVG, for pages: black on white in every theme, because cameras want it so.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

use crate::error::{Error, Result};

/// White modules around the code.
const QUIET: usize = 2;

/// An SVG element for `text`, described by `label`.
///
/// # Errors
/// When the text is too long for any code.
pub fn svg(text: &str, label: &str) -> Result<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Error::broken)?;
    let width = code.width();
    let side = width + 2 * QUIET;
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|color| **color == Color::Dark).count();
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    let label = label.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    Ok(format!(
        "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"{label}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_drawing_with_a_label_that_cannot_leave_its_attribute() {
        let drawn = svg("https://harbour.example/invite/abc", "\"><script>").expect("fits");
        assert!(drawn.starts_with("<svg class=\"qr\" viewBox=\"0 0 33 33\"") && drawn.ends_with("</svg>"), "{drawn}");
        assert!(!drawn.contains("<script>"));
        // The first row begins with the seven dark modules of the corner's square.
        assert!(drawn.contains("d=\"M2 2h7v1h-7z"), "{drawn}");
    }

    #[test]
    fn what_fits_into_no_code_is_an_error() {
        assert!(svg(&"x".repeat(5_000), "").is_err());
    }
}

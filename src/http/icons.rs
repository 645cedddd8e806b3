//! Icons: the sprite of those names that the program uses, drawn by the icon crate.

use icondata_core::IconData;

macro_rules! icons {
    ($($name:literal $icon:ident;)+) => {
        /// Every name that pages and modules may use.
        pub const NAMES: &[&str] = &[$($name),+];

        fn drawn(name: &str) -> Option<&'static IconData> {
            match name { $($name => Some(icondata_lu::$icon),)+ _ => None }
        }
    };
}

icons! {
    "archive" LuArchive;
    "archive-restore" LuArchiveRestore;
    "arrow-down" LuArrowDown;
    "arrow-left" LuArrowLeft;
    "arrow-right" LuArrowRight;
    "arrow-up" LuArrowUp;
    "at-sign" LuAtSign;
    "ban" LuBan;
    "bell" LuBell;
    "bell-off" LuBellOff;
    "chart-column" LuChartColumn;
    "check" LuCheck;
    "chevron-down" LuChevronDown;
    "chevron-left" LuChevronLeft;
    "chevron-right" LuChevronRight;
    "chevron-up" LuChevronUp;
    "circle-alert" LuCircleAlert;
    "circle-check" LuCircleCheck;
    "circle-help" LuCircleHelp;
    "clock" LuClock;
    "copy" LuCopy;
    "door-open" LuDoorOpen;
    "download" LuDownload;
    "ellipsis" LuEllipsis;
    "external-link" LuExternalLink;
    "eye" LuEye;
    "eye-off" LuEyeOff;
    "gift" LuGift;
    "globe" LuGlobe;
    "hand" LuHand;
    "hash" LuHash;
    "headphones" LuHeadphones;
    "history" LuHistory;
    "house" LuHouse;
    "inbox" LuInbox;
    "info" LuInfo;
    "key" LuKey;
    "keyboard" LuKeyboard;
    "languages" LuLanguages;
    "link" LuLink;
    "list-checks" LuListChecks;
    "list-filter" LuListFilter;
    "loader-circle" LuLoaderCircle;
    "lock" LuLock;
    "lock-open" LuLockOpen;
    "log-in" LuLogIn;
    "log-out" LuLogOut;
    "mail" LuMail;
    "mail-check" LuMailCheck;
    "maximize" LuMaximize;
    "maximize-2" LuMaximize2;
    "megaphone" LuMegaphone;
    "menu" LuMenu;
    "message-square" LuMessageSquare;
    "message-square-off" LuMessageSquareOff;
    "mic" LuMic;
    "mic-off" LuMicOff;
    "minimize" LuMinimize;
    "minimize-2" LuMinimize2;
    "monitor" LuMonitor;
    "moon" LuMoon;
    "pencil" LuPencil;
    "phone" LuPhone;
    "phone-call" LuPhoneCall;
    "phone-incoming" LuPhoneIncoming;
    "phone-missed" LuPhoneMissed;
    "phone-off" LuPhoneOff;
    "phone-outgoing" LuPhoneOutgoing;
    "picture-in-picture-2" LuPictureInPicture2;
    "pin" LuPin;
    "pin-off" LuPinOff;
    "plus" LuPlus;
    "qr-code" LuQrCode;
    "refresh-cw" LuRefreshCw;
    "reply" LuReply;
    "rotate-ccw" LuRotateCcw;
    "screen-share" LuScreenShare;
    "screen-share-off" LuScreenShareOff;
    "scroll-text" LuScrollText;
    "search" LuSearch;
    "send" LuSend;
    "server" LuServer;
    "settings" LuSettings;
    "shield" LuShield;
    "shield-check" LuShieldCheck;
    "smartphone" LuSmartphone;
    "smile" LuSmile;
    "sparkles" LuSparkles;
    "sun" LuSun;
    "sun-moon" LuSunMoon;
    "tag" LuTag;
    "ticket" LuTicket;
    "timer" LuTimer;
    "trash-2" LuTrash2;
    "triangle-alert" LuTriangleAlert;
    "user" LuUser;
    "user-check" LuUserCheck;
    "user-minus" LuUserMinus;
    "user-plus" LuUserPlus;
    "user-x" LuUserX;
    "users" LuUsers;
    "video" LuVideo;
    "video-off" LuVideoOff;
    "volume-x" LuVolumeX;
    "wifi-off" LuWifiOff;
    "x" LuX;
}

/// Is there such an icon?
#[must_use]
pub fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// The icon as a symbol under this id; none when there is no such icon.
#[must_use]
pub fn symbol(name: &str, id: &str) -> Option<String> {
    let icon = drawn(name)?;
    Some(format!("<symbol id=\"{id}\" viewBox=\"{}\">{}</symbol>", icon.view_box.unwrap_or("0 0 24 24"), icon.data))
}

/// An SVG document with one symbol for each of the names, one a line in `used`; their lines take colour and width from where they are used.
#[must_use]
pub fn sprite(used: &str) -> String {
    let mut svg = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\">");
    for name in used.lines().map(str::trim).filter(|name| !name.is_empty()) {
        match symbol(name, name) {
            Some(symbol) => svg.push_str(&symbol),
            None => tracing::warn!(name, "an icon in the list is not known to the program"),
        }
    }
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Every file of a folder and those below it, with these ends.
    fn texts(folder: &Path, ends: &[&str], found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                texts(&path, ends, found);
            } else if path.extension().is_some_and(|end| ends.iter().any(|known| end == *known)) {
                found.push(std::fs::read_to_string(&path).expect("a text file"));
            }
        }
    }

    /// The names in `icon('…')` and `icon("…")`.
    fn called(text: &str) -> Vec<&str> {
        let calls =
            text.match_indices("icon(").filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-'));
        calls
            .filter_map(|(at, call)| {
                let rest = &text[at + call.len()..];
                let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
                rest[1..].split(quote).next()
            })
            .collect()
    }

    #[test]
    fn every_icon_that_is_named_is_drawn() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let used = std::fs::read_to_string(root.join("static/icons/used.txt")).expect("the list");
        let used: Vec<&str> = used.lines().map(str::trim).filter(|name| !name.is_empty()).collect();
        assert!(used.len() > 20);
        for name in &used {
            assert!(drawn(name).is_some(), "{name} is in used.txt but not in icons.rs");
        }
        let mut files = Vec::new();
        texts(&root.join("templates"), &["html"], &mut files);
        texts(&root.join("static"), &["js"], &mut files);
        for name in files.iter().flat_map(|text| called(text)) {
            assert!(used.contains(&name), "{name} is used but not in used.txt");
        }
    }

    #[test]
    fn calls_are_found_in_both_languages() {
        assert_eq!(called("{{ icon('x') }} ${icon(\"user\")} lexicon('no') icon(name)"), ["x", "user"]);
    }

    #[test]
    fn the_sprite_has_a_symbol_for_each_name_and_no_script() {
        let svg = sprite("house\nx\n\nno-such-icon\n");
        assert_eq!(svg.matches("<symbol").count(), 2);
        assert!(svg.contains("<symbol id=\"house\" viewBox=\"0 0 24 24\"><path"));
        assert!(!svg.contains("no-such-icon") && !svg.contains("script"));
    }
}

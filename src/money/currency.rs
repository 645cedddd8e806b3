//! Currencies by their ISO 4217 codes, with how many digits stand behind the point.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;

/// Currencies in use, in order. Those that have other than two digits stand in [`WITHOUT`] and [`THREE`] too.
const ALL: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD",
    "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP",
    "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS",
    "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR",
    "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN",
    "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD",
    "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY",
    "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER", "ZAR",
    "ZMW", "ZWG",
];

/// Those whose smallest unit is the unit itself.
const WITHOUT: &[&str] = &["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Those with a thousand smallest units to one.
const THREE: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// Signs that mean one currency alone; the others are written by their code.
const SIGNS: &[(&str, &str)] =
    &[("EUR", "€"), ("GBP", "£"), ("ILS", "₪"), ("INR", "₹"), ("JPY", "¥"), ("KRW", "₩"), ("USD", "$"), ("VND", "₫")];

/// A currency: one of the codes of ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
#[schema(value_type = String, pattern = "^[A-Z]{3}$")]
pub struct Currency(&'static str);

impl Currency {
    /// What a new community takes.
    pub const EURO: Self = Self("EUR");

    /// Every one, in the order of the codes.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(|code| Self(code))
    }

    /// Its three letters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// Digits behind the point: 0, 2 or 3.
    #[must_use]
    pub fn exponent(self) -> u8 {
        match self.0 {
            code if WITHOUT.contains(&code) => 0,
            code if THREE.contains(&code) => 3,
            _ => 2,
        }
    }

    /// The sign that people write instead of the code.
    #[must_use]
    pub fn sign(self) -> Option<&'static str> {
        SIGNS.iter().find(|(code, _)| *code == self.0).map(|(_, sign)| *sign)
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::fmt::Debug for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl FromStr for Currency {
    type Err = Error;

    /// Reads a code, in small letters too.
    fn from_str(text: &str) -> Result<Self, Error> {
        let code = text.trim().to_ascii_uppercase();
        ALL.binary_search(&code.as_str()).map(|at| Self(ALL[at])).map_err(|_| Error::invalid("currency", "money.currency"))
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(|_| serde::de::Error::custom("not a currency of ISO 4217"))
    }
}

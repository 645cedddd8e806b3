//! From payload types, parameters and feedback to the codecs that are forwarded.

use super::attributes::parameter;
use super::{Fault, Format, Kind, MAX_FORMATS};
use crate::calls::sfu::codec::Codec;

/// Collects what the lines of one section say of its payload types.
#[derive(Debug, Default)]
pub(super) struct Formats {
    /// In the order of the section's first line.
    order: Vec<u8>,
    maps: Vec<(u8, String)>,
    parameters: Vec<(u8, String)>,
    /// `None` stands for all payload types.
    feedback: Vec<(Option<u8>, String)>,
}

impl Formats {
    /// The payload types of the section's first line.
    pub(super) fn listed(list: &str) -> Result<Self, Fault> {
        let order: Vec<u8> = list.split_ascii_whitespace().map(payload_type).collect::<Result<_, _>>()?;
        if order.len() > MAX_FORMATS {
            return Err(Fault::TooManyFormats);
        }
        Ok(Self { order, ..Self::default() })
    }

    pub(super) fn map(&mut self, value: &str) -> Result<(), Fault> {
        let (number, map) = numbered(value)?;
        add(&mut self.maps, (number, map.to_owned()))
    }

    pub(super) fn parameters(&mut self, value: &str) -> Result<(), Fault> {
        let (number, parameters) = numbered(value)?;
        // They go into the answer as they are, so only what parameters are made of is kept.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b';' | b'/' | b'-' | b'_' | b'.' | b',' | b' ');
        let parameters = if parameters.bytes().all(plain) { parameters } else { "" };
        add(&mut self.parameters, (number, parameters.to_owned()))
    }

    pub(super) fn feedback(&mut self, value: &str) -> Result<(), Fault> {
        let (number, kind) = value.split_once(' ').ok_or(Fault::Value)?;
        let number = if number == "*" { None } else { Some(payload_type(number)?) };
        if !matches!(kind, "nack" | "nack pli" | "transport-cc") {
            return Ok(());
        }
        add(&mut self.feedback, (number, kind.to_owned()))
    }

    /// The codecs that are forwarded: one payload type of each, the one that most can decode.
    pub(super) fn choose(&self, kind: Kind) -> Vec<Format> {
        let mut chosen: Vec<(u8, Format)> = Vec::new();
        for number in &self.order {
            let Some((codec, rank)) = self.codec(*number) else { continue };
            if codec.is_video() != (kind == Kind::Video) {
                continue;
            }
            match chosen.iter_mut().find(|(_, format)| format.codec == codec) {
                Some(known) if rank < known.0 => *known = (rank, self.format(codec, *number)),
                Some(_) => {}
                None => chosen.push((rank, self.format(codec, *number))),
            }
        }
        let mut formats: Vec<Format> = chosen.into_iter().map(|(_, format)| format).collect();
        let opus = formats.iter().find(|format| format.codec == Codec::Opus).map(|format| format.payload_type.to_string());
        // Copies of anything but the sound that is forwarded are of no use.
        formats.retain(|format| format.codec != Codec::Red || opus.as_deref() == format.parameters.split('/').next());
        formats
    }

    /// The codec of a payload type, and how gladly it is taken: 0 most.
    fn codec(&self, number: u8) -> Option<(Codec, u8)> {
        let map = &self.maps.iter().find(|(known, _)| *known == number)?.1;
        let parameters = self.parameters_of(number);
        let is = |name: &str| map.eq_ignore_ascii_case(name);
        if is("opus/48000/2") {
            return Some((Codec::Opus, 0));
        }
        if is("red/48000/2") {
            return Some((Codec::Red, 0));
        }
        if is("VP8/90000") {
            return Some((Codec::Vp8, 0));
        }
        if is("VP9/90000") && parameter(parameters, "profile-id").unwrap_or("0") == "0" {
            return Some((Codec::Vp9, 0));
        }
        if is("AV1/90000") && parameter(parameters, "profile").unwrap_or("0") == "0" {
            return Some((Codec::Av1, 0));
        }
        if is("H264/90000") && parameter(parameters, "packetization-mode") == Some("1") {
            return Some((Codec::H264, h264_rank(parameters)));
        }
        None
    }

    fn format(&self, codec: Codec, number: u8) -> Format {
        let has = |kind: &str| {
            let meant = |told: &Option<u8>| told.is_none_or(|told| told == number);
            self.feedback.iter().any(|(told, found)| meant(told) && found == kind)
        };
        Format {
            codec,
            payload_type: number,
            rtx: self.rtx(number),
            parameters: self.parameters_of(number).to_owned(),
            nack: has("nack"),
            pli: has("nack pli"),
            transport_cc: has("transport-cc"),
        }
    }

    fn rtx(&self, number: u8) -> Option<u8> {
        let listed = self.maps.iter().filter(|(known, map)| map.eq_ignore_ascii_case("rtx/90000") && self.order.contains(known));
        let meant = |known: u8| parameter(self.parameters_of(known), "apt").and_then(|apt| apt.parse().ok()) == Some(number);
        listed.map(|(known, _)| *known).find(|known| meant(*known))
    }

    fn parameters_of(&self, number: u8) -> &str {
        self.parameters.iter().find(|(known, _)| *known == number).map_or("", |(_, parameters)| parameters)
    }
}

/// Every browser decodes the constrained baseline profile, most the baseline, some the others.
fn h264_rank(parameters: &str) -> u8 {
    let profile = parameter(parameters, "profile-level-id").and_then(|value| u32::from_str_radix(value, 16).ok()).unwrap_or(0x42_000a);
    match (profile >> 16, profile >> 8 & 0x40) {
        (0x42, 0x40) => 0,
        (0x42, _) => 1,
        _ => 2,
    }
}

fn payload_type(value: &str) -> Result<u8, Fault> {
    value.parse().ok().filter(|number| *number < 128).ok_or(Fault::Value)
}

fn numbered(value: &str) -> Result<(u8, &str), Fault> {
    let (number, rest) = value.split_once(' ').ok_or(Fault::Value)?;
    Ok((payload_type(number)?, rest.trim()))
}

fn add<T>(list: &mut Vec<T>, value: T) -> Result<(), Fault> {
    if list.len() >= MAX_FORMATS * 4 {
        return Err(Fault::TooManyFormats);
    }
    list.push(value);
    Ok(())
}

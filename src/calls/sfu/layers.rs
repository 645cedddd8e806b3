//! Which layers of a track are alive, which one a viewer gets, and which ones anybody watches.

use super::time::{MILLISECOND, Micros, SECOND};

/// Layers of one track.
pub const MAX_LAYERS: usize = 3;
/// A layer that nobody watches is switched off after this long.
pub const OFF_AFTER: Micros = 5 * SECOND;

/// How it is measured whether a stream is alive: so many packets in each of so many periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// The length of a period.
    pub period: Micros,
    /// Packets in each.
    pub packets: u32,
    /// Good periods in a row before a stream that stopped counts as alive again.
    pub periods: u32,
}

impl Pulse {
    /// The smallest layer.
    pub const LOW: Self = Self { period: 500 * MILLISECOND, packets: 1, periods: 4 };
    /// The larger layers, which encoders drop first when they run short.
    pub const HIGH: Self = Self { period: 500 * MILLISECOND, packets: 5, periods: 20 };
    /// A shared screen, which may stand still.
    pub const SCREEN: Self = Self { period: 2 * SECOND, packets: 1, periods: 1 };
}

/// Whether one stream is alive. It is from its first packet on, until a period brings too few.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    pulse: Pulse,
    began: Option<Micros>,
    count: u32,
    good: u32,
    alive: bool,
}

impl Life {
    /// A stream that has not begun.
    #[must_use]
    pub fn new(pulse: Pulse) -> Self {
        Self { pulse, began: None, count: 0, good: 0, alive: false }
    }

    /// A packet came.
    pub fn came(&mut self, now: Micros) {
        self.turn(now);
        if self.began.is_none() {
            self.began = Some(now);
            self.alive = true;
        }
        self.count += 1;
    }

    /// Whether it is alive now.
    pub fn alive(&mut self, now: Micros) -> bool {
        self.turn(now);
        self.alive
    }

    /// It was switched on again on purpose: its next packet makes it alive.
    pub fn restart(&mut self) {
        *self = Self::new(self.pulse);
    }

    /// Closes the periods that are over.
    fn turn(&mut self, now: Micros) {
        let Some(began) = self.began else { return };
        let periods = now.saturating_sub(began) / self.pulse.period;
        if periods == 0 {
            return;
        }
        let enough = self.count >= self.pulse.packets && periods == 1;
        self.good = if enough { self.good + 1 } else { 0 };
        self.alive = enough && (self.alive || self.good >= self.pulse.periods);
        self.count = 0;
        self.began = Some(began + periods * self.pulse.period);
    }
}

/// A layer as a choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layer {
    /// Packets come.
    pub alive: bool,
    /// Lines of its pictures, from its latest keyframe; `None` before the first.
    pub height: Option<u16>,
}

/// Height of a tile for which the least will do.
pub const LEAST: u16 = 1;

/// The layer for a tile of this height in device pixels: of those that are alive the smallest that fills it, or else the largest; of
/// equal ones the last, which has more pictures a second, as those of a shared screen.
/// Where a height is not known the order of the layers stands for it, from small to large.
#[must_use]
pub fn choose(layers: &[Layer], tile: u16) -> Option<usize> {
    let alive = || layers.iter().enumerate().filter(|(_, layer)| layer.alive);
    if tile == LEAST {
        return alive().map(|(index, _)| index).next();
    }
    if alive().any(|(_, layer)| layer.height.is_none()) {
        let step = match tile {
            0..=180 => 0,
            181..=360 => 1,
            _ => 2,
        };
        return alive().map(|(index, _)| index).find(|index| *index >= step).or_else(|| alive().map(|(index, _)| index).next_back());
    }
    let height = |layer: &Layer| layer.height.unwrap_or(0);
    let fills = alive().filter(|(_, layer)| height(layer) >= tile).min_by_key(|(index, layer)| (height(layer), std::cmp::Reverse(*index)));
    fills.or_else(|| alive().max_by_key(|(index, layer)| (height(layer), *index))).map(|(index, _)| index)
}

/// Which layers of a track its sender should encode: on as soon as anybody wants one, off only after a while.
#[derive(Debug, Clone, Copy)]
pub struct Wishes {
    count: usize,
    on: [bool; MAX_LAYERS],
    /// Since when nobody wants it.
    idle: [Option<Micros>; MAX_LAYERS],
}

impl Wishes {
    /// Of a track with so many layers, all of them on.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { count: count.min(MAX_LAYERS), on: [true; MAX_LAYERS], idle: [None; MAX_LAYERS] }
    }

    /// What the viewers want now. Returns all layers when one of them changes.
    pub fn update(&mut self, wanted: [bool; MAX_LAYERS], now: Micros) -> Option<&[bool]> {
        for (idle, wanted) in self.idle.iter_mut().zip(wanted) {
            *idle = if wanted { None } else { idle.or(Some(now)) };
        }
        let before = self.on;
        for ((on, idle), wanted) in self.on.iter_mut().zip(&self.idle).zip(wanted).take(self.count) {
            let rested = idle.is_some_and(|since| now >= since + OFF_AFTER);
            *on = wanted || *on && !rested;
        }
        (before != self.on).then(|| &self.on[..self.count])
    }

    /// When [`Self::update`] is to be called although nothing changed.
    #[must_use]
    #[cfg(test)]
    pub fn due_at(&self) -> Option<Micros> {
        let idle = self.idle.iter().zip(self.on).take(self.count);
        idle.filter(|(_, on)| *on).filter_map(|(since, _)| since.map(|since| since + OFF_AFTER)).min()
    }

    /// Whether a layer is on.
    #[must_use]
    #[cfg(test)]
    pub fn is_on(&self, layer: usize) -> bool {
        layer < self.count && self.on[layer]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(given: &[(bool, u16)]) -> Vec<Layer> {
        given.iter().map(|(alive, height)| Layer { alive: *alive, height: (*height > 0).then_some(*height) }).collect()
    }

    #[test]
    fn the_smallest_layer_that_fills_the_tile_is_chosen() {
        let all = layers(&[(true, 180), (true, 360), (true, 720)]);
        for (tile, chosen) in [(0, 0), (180, 0), (181, 1), (360, 1), (361, 2), (2_000, 2)] {
            assert_eq!(choose(&all, tile), Some(chosen), "{tile}");
        }
        assert_eq!(choose(&layers(&[(true, 180), (false, 360), (true, 720)]), 200), Some(2));
        assert_eq!(choose(&layers(&[(true, 180), (true, 360), (false, 720)]), 720), Some(1));
        assert_eq!(choose(&layers(&[(true, 720), (true, 360), (true, 180)]), 200), Some(1), "by size, not by order");
        assert_eq!(choose(&layers(&[(true, 1_080), (true, 1_080)]), 300), Some(1), "a screen: the same size, more pictures");
        assert_eq!(choose(&layers(&[(true, 1_080), (true, 1_080)]), LEAST), Some(0), "and fewer where the least will do");
        assert_eq!(choose(&layers(&[(false, 180), (true, 360), (true, 720)]), LEAST), Some(1));
        assert_eq!(choose(&layers(&[(true, 1_080), (false, 1_080)]), 300), Some(0));
        assert_eq!(choose(&layers(&[(false, 180)]), 200), None);
        assert_eq!(choose(&[], 200), None);
    }

    #[test]
    fn without_sizes_the_order_counts() {
        let all = layers(&[(true, 0), (true, 0), (true, 0)]);
        for (tile, chosen) in [(180, 0), (181, 1), (361, 2)] {
            assert_eq!(choose(&all, tile), Some(chosen), "{tile}");
        }
        assert_eq!(choose(&layers(&[(true, 0), (false, 0), (false, 0)]), 720), Some(0));
        assert_eq!(choose(&layers(&[(false, 0), (true, 360), (true, 0)]), 90), Some(1));
    }

    #[test]
    fn a_stream_is_alive_from_its_first_packet_until_a_period_without_enough() {
        let mut life = Life::new(Pulse::HIGH);
        assert!(!life.alive(0));
        for packet in 0..5 {
            life.came(1_000 + packet);
        }
        assert!(life.alive(1_000 + 500 * MILLISECOND));
        for packet in 0..4 {
            life.came(2_000 + 500 * MILLISECOND + packet);
        }
        assert!(!life.alive(1_000 + SECOND));
    }

    #[test]
    fn a_stream_that_stopped_must_prove_itself() {
        let mut life = Life::new(Pulse::LOW);
        life.came(0);
        assert!(!life.alive(3 * SECOND));
        let back = |period: u64| 3 * SECOND + period * 500 * MILLISECOND + 1;
        for period in 0..4 {
            life.came(back(period));
            assert!(!life.alive(back(period)), "{period}");
        }
        assert!(life.alive(back(4)));
        life.restart();
        assert!(!life.alive(back(4)));
        life.came(back(5));
        assert!(life.alive(back(5)), "switched on on purpose");
    }

    #[test]
    fn a_layer_goes_on_at_once_and_off_after_a_while() {
        let mut wishes = Wishes::new(3);
        assert_eq!(wishes.update([true, false, true], 0), None);
        assert_eq!(wishes.due_at(), Some(OFF_AFTER));
        assert_eq!(wishes.update([true, false, true], OFF_AFTER - 1), None);
        assert_eq!(wishes.update([true, false, true], OFF_AFTER), Some(&[true, false, true][..]));
        assert_eq!(wishes.due_at(), None);
        assert_eq!(wishes.update([true, true, false], OFF_AFTER + 1), Some(&[true, true, true][..]));
        assert_eq!(wishes.update([true, true, true], OFF_AFTER + 2), None, "wanted again in time");
        assert_eq!(wishes.due_at(), None);
        let mut one = Wishes::new(1);
        assert_eq!(one.update([false; 3], 0), None);
        assert_eq!(one.update([false; 3], OFF_AFTER), Some(&[false][..]));
        assert!(!one.is_on(0) && !one.is_on(1));
    }
}

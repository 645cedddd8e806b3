//! Who is shown in which slot: pure choice from what is wanted, what is there, and what stood before.

use super::door::{ParticipantId, Source, View};

/// A picture that could be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Names the publication.
    pub publication: usize,
    /// Whose.
    pub participant: ParticipantId,
    /// A camera or a screen.
    pub source: Source,
}

/// A picture that is to be shown, and how tall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Names the publication.
    pub publication: usize,
    /// Height in device pixels.
    pub height: u16,
}

/// Height that stands for "as good as it comes".
pub const FULL: u16 = u16::MAX;

/// The pictures that a viewer wants, most important first: the screen, the stage, its tiles by height. `candidates` stand in
/// the order in which a viewer without a view wants them.
pub fn wanted(view: Option<&View>, viewer: ParticipantId, candidates: &[Candidate], into: &mut Vec<Wanted>) {
    into.clear();
    let others = || candidates.iter().filter(|candidate| candidate.participant != viewer);
    let Some(view) = view else {
        into.extend(others().map(|candidate| {
            let height = if candidate.source == Source::Screen { FULL } else { View::DEFAULT_HEIGHT };
            Wanted { publication: candidate.publication, height }
        }));
        // A screen before cameras, whoever spoke last.
        into.sort_by_key(|wanted| wanted.height != FULL);
        return;
    };
    if view.hidden {
        return;
    }
    if view.screen > 0 {
        let screens = others().filter(|candidate| candidate.source == Source::Screen);
        into.extend(screens.map(|candidate| Wanted { publication: candidate.publication, height: view.screen }));
    }
    let camera = |participant: ParticipantId| {
        others().find(|candidate| candidate.source == Source::Camera && candidate.participant == participant).map(|found| found.publication)
    };
    let height_of = |participant| view.tiles.iter().find(|(who, _)| *who == participant).map_or(FULL, |(_, height)| *height);
    for participant in &view.stage {
        add(into, camera(*participant), height_of(*participant));
    }
    let staged = into.len();
    for (participant, height) in &view.tiles {
        add(into, camera(*participant), *height);
    }
    into[staged..].sort_by_key(|wanted| std::cmp::Reverse(wanted.height));
}

fn add(into: &mut Vec<Wanted>, publication: Option<usize>, height: u16) {
    if let Some(publication) = publication.filter(|_| height > 0)
        && into.iter().all(|wanted| wanted.publication != publication)
    {
        into.push(Wanted { publication, height });
    }
}

/// Puts what is wanted into slots: what is in one stays there, what is new takes the first free one, and what finds none is
/// left out.
pub fn place(slots: &mut [Option<usize>], wanted: &[Wanted]) {
    let wanted = &wanted[..wanted.len().min(slots.len())];
    for slot in slots.iter_mut() {
        if slot.is_some_and(|shown| wanted.iter().all(|wanted| wanted.publication != shown)) {
            *slot = None;
        }
    }
    for new in wanted {
        if !slots.contains(&Some(new.publication))
            && let Some(free) = slots.iter_mut().find(|slot| slot.is_none())
        {
            *free = Some(new.publication);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn camera(publication: usize) -> Candidate {
        Candidate { publication, participant: ParticipantId(publication as u32 + 1), source: Source::Camera }
    }

    fn list(view: Option<&View>, candidates: &[Candidate]) -> Vec<(usize, u16)> {
        let mut into = Vec::new();
        wanted(view, ParticipantId(1), candidates, &mut into);
        into.into_iter().map(|wanted| (wanted.publication, wanted.height)).collect()
    }

    #[test]
    fn the_screen_comes_first_then_the_stage_then_tiles_by_height_and_never_oneself() {
        let mut candidates: Vec<_> = (0..6).map(camera).collect();
        candidates.push(Candidate { publication: 6, participant: ParticipantId(4), source: Source::Screen });
        let view = View {
            stage: vec![ParticipantId(5)],
            tiles: vec![
                (ParticipantId(2), 90),
                (ParticipantId(3), 180),
                (ParticipantId(5), 360),
                (ParticipantId(1), 720),
                (ParticipantId(99), 90),
            ],
            screen: 1_080,
            ..View::default()
        };
        assert_eq!(list(Some(&view), &candidates), [(6, 1_080), (4, 360), (2, 180), (1, 90)]);
        assert_eq!(list(Some(&View { screen: 0, ..view.clone() }), &candidates), [(4, 360), (2, 180), (1, 90)]);
        assert_eq!(list(Some(&View { hidden: true, ..view }), &candidates), []);
    }

    #[test]
    fn before_the_first_view_all_are_wanted_in_the_given_order() {
        let mut candidates: Vec<_> = [3, 0, 2].map(camera).to_vec();
        candidates.push(Candidate { publication: 6, participant: ParticipantId(4), source: Source::Screen });
        assert_eq!(list(None, &candidates), [(6, FULL), (3, View::DEFAULT_HEIGHT), (2, View::DEFAULT_HEIGHT)]);
    }

    proptest! {
        #[test]
        fn what_is_shown_stays_put_and_the_most_wanted_are_all_shown(
            before in prop::collection::vec(prop::option::of(0_usize..10), 1..8),
            wanted in prop::collection::hash_set(0_usize..10, 0..10),
        ) {
            let mut seen = std::collections::HashSet::new();
            let before: Vec<_> = before.into_iter().map(|slot| slot.filter(|shown| seen.insert(*shown))).collect();
            let wanted: Vec<_> = wanted.into_iter().map(|publication| Wanted { publication, height: 90 }).collect();
            let mut after = before.clone();
            place(&mut after, &wanted);
            let fits = &wanted[..wanted.len().min(after.len())];
            for (slot, (old, new)) in before.iter().zip(&after).enumerate() {
                if let Some(shown) = old && fits.iter().any(|wanted| wanted.publication == *shown) {
                    prop_assert_eq!(new, old, "slot {}", slot);
                }
            }
            let mut shown: Vec<_> = after.iter().flatten().copied().collect();
            let mut expected: Vec<_> = fits.iter().map(|wanted| wanted.publication).collect();
            shown.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(shown, expected);
        }
    }
}

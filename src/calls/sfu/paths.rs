//! By which ways a participant's browser was checked, and which is forgotten when there are too many.

use super::socket::Remote;

/// Most ways of one participant: each of its addresses to each of ours, over UDP and over TCP.
pub const PATHS: usize = 32;

/// The ways, in the order in which they were learnt.
#[derive(Debug, Default)]
pub struct Paths(Vec<Remote>);

impl Paths {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Remote] {
        &self.0
    }

    /// Whether it is one of them.
    #[must_use]
    pub fn has(&self, path: Remote) -> bool {
        self.0.contains(&path)
    }

    /// Learns one that is new. Returns the one that is forgotten for it, never the chosen one.
    pub fn learn(&mut self, path: Remote, chosen: Option<Remote>) -> Option<Remote> {
        let forgotten = if self.0.len() < PATHS { None } else { self.surplus(chosen).map(|at| self.0.remove(at)) };
        self.0.push(path);
        forgotten
    }

    /// It is no more.
    pub fn forget(&mut self, path: Remote) {
        self.0.retain(|known| *known != path);
    }

    /// The oldest over UDP, which the next check brings back; a connection that is closed would have to be made anew.
    fn surplus(&self, chosen: Option<Remote>) -> Option<usize> {
        let may_go = |path: &Remote| Some(*path) != chosen;
        let over_udp = self.0.iter().position(|path| path.line.is_none() && may_go(path));
        over_udp.or_else(|| self.0.iter().position(may_go))
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines::LineId;
    use super::*;

    /// The path of this number, over TCP where it is odd.
    fn path(number: u16) -> Remote {
        let address = std::net::SocketAddr::from(([192, 0, 2, 7], number));
        Remote { address, line: LineId::of(u32::from(number)).filter(|_| number % 2 == 1) }
    }

    #[test]
    fn what_the_next_check_brings_back_is_forgotten_first_and_the_chosen_one_never() {
        let mut paths = Paths::default();
        for number in 0..PATHS as u16 {
            assert_eq!(paths.learn(path(number), Some(path(0))), None, "so many there may be");
        }
        let more: Vec<Option<Remote>> = (1..=PATHS as u16).map(|more| paths.learn(path(2 * more + 101), Some(path(0)))).collect();
        let udp = (2..PATHS as u16).step_by(2);
        let tcp = (1..PATHS as u16).step_by(2);
        let expected: Vec<_> = udp.chain(tcp).chain([103]).map(|number| Some(path(number))).collect();
        assert_eq!(more, expected, "those over UDP, then the oldest over TCP");
        assert_eq!((paths.all().len(), paths.has(path(0))), (PATHS, true));
        paths.forget(path(0));
        assert!(!paths.has(path(0)));
    }
}

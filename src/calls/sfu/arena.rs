//! Things with names that are never used twice: what has gone cannot be mistaken for what took its place.

/// Names a thing in an [`Arena`]: its place, and how often that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    at: u32,
    turn: u32,
}

/// Things by their keys.
#[derive(Debug)]
pub struct Arena<T> {
    places: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
    /// The turn with which new places begin: beyond all that there were.
    first: u32,
}

impl<T> Arena<T> {
    /// An empty arena.
    #[must_use]
    pub const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new(), first: 0 }
    }

    /// Takes a thing in.
    pub fn insert(&mut self, thing: T) -> Key {
        if let Some(at) = self.free.pop() {
            let (turn, place) = &mut self.places[at as usize];
            *place = Some(thing);
            return Key { at, turn: *turn };
        }
        self.places.push((self.first, Some(thing)));
        Key { at: (self.places.len() - 1) as u32, turn: self.first }
    }

    /// Gives its room back, if nothing is in it.
    pub fn rest(&mut self) {
        if self.len() == 0 {
            self.first = self.places.iter().map(|(turn, _)| turn.wrapping_add(1)).max().unwrap_or(self.first);
            (self.places, self.free) = (Vec::new(), Vec::new());
        }
    }

    /// Takes a thing out. Its key is good no more.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let (turn, place) = self.places.get_mut(key.at as usize).filter(|(turn, _)| *turn == key.turn)?;
        let thing = place.take()?;
        *turn = turn.wrapping_add(1);
        self.free.push(key.at);
        Some(thing)
    }

    /// The thing of this key.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&T> {
        self.places.get(key.at as usize).filter(|(turn, _)| *turn == key.turn)?.1.as_ref()
    }

    /// The thing of this key, to be changed.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.places.get_mut(key.at as usize).filter(|(turn, _)| *turn == key.turn)?.1.as_mut()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.places.iter().enumerate().filter_map(|(at, (turn, place))| Some((Key { at: at as u32, turn: *turn }, place.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_good_once() {
        let mut arena = Arena::new();
        let first = arena.insert('a');
        assert_eq!(arena.remove(first), Some('a'));
        let second = arena.insert('b');
        assert_eq!(arena.remove(first), None);
        assert_eq!((arena.get(first), arena.get(second)), (None, Some(&'b')));
        assert_eq!((arena.len(), arena.iter().count()), (1, 1));
        arena.rest();
        assert_eq!(arena.get(second), Some(&'b'), "nothing is lost");
        arena.remove(second);
        arena.rest();
        assert_eq!((arena.places.capacity(), arena.get(second)), (0, None));
        let third = arena.insert('c');
        assert!(third != first && third != second && arena.get(third) == Some(&'c'));
    }
}

//! Rooms and messages over the API.

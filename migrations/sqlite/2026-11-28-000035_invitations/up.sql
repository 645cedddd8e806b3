-- Who was asked into a room and has not come: the same for everyone who brings somebody in, whatever becomes of it.
CREATE TABLE room_invitations (
    room INTEGER NOT NULL REFERENCES rooms (id),
    member INTEGER NOT NULL REFERENCES members (id),
    invited_by INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (room, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_invitations_by_member ON room_invitations (member, room);

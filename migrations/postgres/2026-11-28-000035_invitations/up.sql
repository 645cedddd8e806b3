-- Who was asked into a room and has not come: the same for everyone who brings somebody in, whatever becomes of it.
CREATE TABLE room_invitations (
    room BIGINT NOT NULL REFERENCES rooms (id),
    member BIGINT NOT NULL REFERENCES members (id),
    invited_by BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (room, member)
);
CREATE INDEX room_invitations_by_member ON room_invitations (member, room);

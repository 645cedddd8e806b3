-- Who was asked into a room and has not come: the same for everyone who brings somebody in, whatever becomes of it.
CREATE TABLE room_invitations (
    room BIGINT NOT NULL REFERENCES rooms (id),
    member BIGINT NOT NULL REFERENCES members (id),
    invited_by BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (room, member)
);
CREATE INDEX room_invitations_by_member ON room_invitations (member, room);
CREATE INDEX room_invitations_by_inviter ON room_invitations (invited_by, room);
-- Who was asked before and has not answered, by whoever asked first; 5 is an invitation.
INSERT INTO room_invitations (room, member, invited_by, at)
SELECT room, member, sender, at FROM requests WHERE id IN (
    SELECT MIN(id) FROM requests WHERE kind = 5 AND ended_at IS NULL AND room IN (SELECT id FROM rooms) AND member IN (SELECT id FROM members)
    GROUP BY room, member
) AND NOT EXISTS (SELECT 1 FROM room_members WHERE room_members.room = requests.room AND room_members.member = requests.member);

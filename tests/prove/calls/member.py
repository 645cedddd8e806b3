"""A member of a call on aiortc, an implementation of WebRTC that shares nothing with the program: speaks, shows, hears and sees.

usage: member.py URL ROOM SECONDS, the member's token on standard input. Comes into the call of the room over the documented socket, says
"in" on a line when media is connected, stays for so long and prints one JSON object on what came in.
"""

import asyncio
import fractions
import json
import math
import sys
import time

import aioice.ice
import numpy
import websockets
from aiortc import AudioStreamTrack, RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription, VideoStreamTrack
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame, VideoFrame

RATE = 48_000
PITCH = 330
AUDIO_SLOTS = 4
VIDEO_SLOTS = 6
PATIENCE = 20
HEIGHT = 360


def stay_on_this_machine() -> None:
    """Its library passes over loopback, on which the program under test listens."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


class Voice(AudioStreamTrack):
    """A tone, 20 ms at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.at = None, 0

    async def recv(self) -> AudioFrame:
        size = RATE // 50
        self.begun = self.begun or time.monotonic()
        await asyncio.sleep(max(0.0, self.begun + self.at / RATE - time.monotonic()))
        steps = numpy.arange(self.at, self.at + size)
        tone = (9_000 * numpy.sin(2 * math.pi * PITCH * steps / RATE) * (0.6 + 0.4 * numpy.sin(2 * math.pi * 7 * steps / RATE))).astype(numpy.int16)
        frame = AudioFrame.from_ndarray(tone.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.at, fractions.Fraction(1, RATE)
        self.at += size
        return frame


class Picture(VideoStreamTrack):
    """Stripes that move."""

    def __init__(self) -> None:
        super().__init__()
        self.step = 0

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        self.step += 4
        row = ((numpy.arange(320) + self.step) % 64 * 4).astype(numpy.uint8)
        frame = VideoFrame.from_ndarray(numpy.repeat(numpy.tile(row, (180, 1))[:, :, None], 3, axis=2), format="bgr24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Came:
    """What came in."""

    def __init__(self) -> None:
        self.pictures, self.sounds, self.loudest, self.size = 0, 0, 0.0, ""

    async def take(self, track) -> None:
        """Decodes a track to its end."""
        try:
            while True:
                frame = await track.recv()
                if track.kind == "video":
                    self.pictures += 1
                    self.size = f"{frame.width}x{frame.height}"
                else:
                    self.sounds += 1
                    level = float(numpy.abs(frame.to_ndarray().astype(numpy.float32)).max()) / 32_768
                    self.loudest = max(self.loudest, level)
        except Exception as error:  # noqa: BLE001: the end of a track is told as an error of its own kind
            if type(error).__name__ != "MediaStreamError":
                raise


class Live:
    """The live socket: commands are answered, notices wait until somebody asks for them."""

    def __init__(self, socket) -> None:
        self.socket, self.ref, self.kept = socket, 0, []

    async def next(self, fits) -> dict:
        """The next frame that fits; those before it are kept."""
        for frame in self.kept:
            if fits(frame):
                self.kept.remove(frame)
                return frame
        while True:
            frame = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
            if fits(frame):
                return frame
            self.kept.append(frame)

    async def done(self, kind: str, **fields) -> dict:
        """Says a command and waits until it is acknowledged."""
        self.ref += 1
        ref = str(self.ref)
        await self.socket.send(json.dumps({"type": kind, "ref": ref, **fields}))
        answer = await self.next(lambda frame: frame.get("ref") == ref)
        if answer["type"] != "ack":
            sys.exit(f"{kind} was refused: {answer}")
        return answer


async def stay(url: str, room: str, seconds: float, token: str) -> None:
    """The whole visit."""
    address = url.replace("http", "ws", 1) + "/live"
    async with websockets.connect(address, additional_headers={"Authorization": f"Bearer {token}"}) as socket:
        live = Live(socket)
        await live.next(lambda frame: frame["type"] == "hello")
        call = (await live.done("call.start", room=room, video=True, key=f"aiortc-{time.time()}"))["id"]
        await live.done("call.join", call=call)
        joined = await live.next(lambda frame: frame["type"] == "call.joined")
        begun = time.monotonic()
        peer, came = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)), Came()
        vp8 = [codec for codec in RTCRtpSender.getCapabilities("video").codecs if codec.mimeType.lower() in ("video/vp8", "video/rtx")]
        sending = {"mic": peer.addTransceiver(Voice(), direction="sendonly"), "cam": peer.addTransceiver(Picture(), direction="sendonly")}
        for kind, count in (("audio", AUDIO_SLOTS), ("video", VIDEO_SLOTS)):
            for _ in range(count):
                peer.addTransceiver(kind, direction="recvonly")
        for transceiver in peer.getTransceivers():
            if transceiver.kind == "video":
                transceiver.setCodecPreferences(vp8)
        tasks = []
        peer.on("track", lambda track: tasks.append(asyncio.ensure_future(came.take(track))))
        connected = asyncio.Event()
        peer.on("connectionstatechange", lambda: connected.set() if peer.connectionState == "connected" else None)
        await peer.setLocalDescription(await peer.createOffer())
        tracks = [{"mid": transceiver.mid, "source": source} for source, transceiver in sending.items()]
        await live.done("pc.offer", call=call, gen=1, sdp=peer.localDescription.sdp, tracks=tracks)
        answer = await live.next(lambda frame: frame["type"] == "pc.answer")
        await peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        # Of a bundle the first section alone carries candidates, and this library looks at the last.
        for line in answer["sdp"].splitlines():
            if line.startswith("a=candidate:"):
                candidate = candidate_from_sdp(line.removeprefix("a=candidate:"))
                candidate.sdpMid = tracks[0]["mid"]
                await peer.addIceCandidate(candidate)
        await asyncio.wait_for(connected.wait(), PATIENCE)
        tiles = {person["member"]: HEIGHT for person in joined["members"] if person["number"] != joined["number"]}
        await socket.send(json.dumps({"type": "call.view", "call": call, "stage": [], "tiles": tiles, "hidden": False}))
        connected_ms = round((time.monotonic() - begun) * 1_000)
        print("in", flush=True)
        # Whoever does not read is taken to be gone.
        reading = asyncio.ensure_future(drain(socket))
        await asyncio.sleep(seconds)
        reading.cancel()
        await live.socket.send(json.dumps({"type": "call.leave", "ref": "bye", "call": call}))
        await peer.close()
    figures = {"pictures": came.pictures, "size": came.size, "sounds": came.sounds, "level": round(came.loudest, 3), "connected_ms": connected_ms}
    print(json.dumps(figures), flush=True)


async def drain(socket) -> None:
    """Reads on."""
    async for _ in socket:
        pass


if __name__ == "__main__":
    stay_on_this_machine()
    asyncio.run(stay(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.stdin.readline().strip()))

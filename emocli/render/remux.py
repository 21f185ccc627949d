"""A file whose stamps other programs understand as we do."""

from __future__ import annotations

from pathlib import Path

from emocli.media.container import PacketReader, file_url, opened, third_party
from emocli.media.probe import clock_of
from emocli.timeline.types import MediaInfo


def on_one_clock(info: MediaInfo, folder: Path) -> Path:
    """The file itself if its stamps, and the length that it claims, are those of our clock; else a copy in
    `folder`, as Matroska, of the packets of its video, sound and subtitles, as they are, with the clock's
    stamps."""
    import av

    clock = clock_of(info.path)
    if clock.seekable and clock.claimed:
        return info.path
    copy = folder / "on-one-clock.mkv"
    with opened(info.path) as source, third_party(info.path, "cannot be copied", "convert it to mp4"), \
            av.open(file_url(copy), "w") as sink:
        streams = [stream for stream in source.streams if stream.codec_context is not None
                   and stream.type in ("video", "audio", "subtitle")]
        written = {s.index: sink.add_stream_from_template(s) for s in streams}
        last = dict.fromkeys(written, -2**62)
        for packet in PacketReader(source, streams, clock):
            index, shift = packet.stream.index, round(clock.zero / packet.time_base)
            stamp = packet.pts if packet.dts is None else packet.dts
            if stamp is None or stamp <= last[index]:
                continue  # the mark of the end, or one that comes again
            last[index] = stamp
            packet.dts = stamp - shift
            packet.pts = packet.dts if packet.pts is None else packet.pts - shift
            packet.stream = written[index]
            sink.mux(packet)
    return copy

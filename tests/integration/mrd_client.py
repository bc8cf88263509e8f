#!/usr/bin/env python3
"""A client of an MRD server built on PyPI's `ismrmrd` (headers and acquisitions are its own types).

Sends an ISMRMRD file and prints one line of JSON: what came back, and when. Texts are written in
one of two flavours: `nul` counts a NUL behind each text (python-ismrmrd-server, FIRE), `plain` has
none (Gadgetron's client).

    mrd_client.py --port 9002 --flavour nul --config NAME [--json TEXT] [--waveforms]
                  [--no-close] [--half-close] [--sessions JSON] file.h5
    mrd_client.py --write out.mrd file.h5      the stream as PyPI's own serializer writes it
    mrd_client.py --read in.mrd file.h5        what PyPI's own deserializer finds in a stream

With `--compare` the images are compared with the root of the sum of squares that numpy makes of the
same acquisitions (fully sampled 2-D scans).
"""
import argparse
import ctypes
import json
import socket
import struct
import threading
import time

import ismrmrd
import numpy as np
from ismrmrd.serialization import ProtocolDeserializer, ProtocolSerializer

CONFIG_FILE, CONFIG_TEXT, HEADER, CLOSE, TEXT = 1, 2, 3, 4, 5
ACQUISITION, IMAGE, WAVEFORM = 1008, 1022, 1026
DTYPES = {1: np.uint16, 2: np.int16, 3: np.uint32, 4: np.int32,
          5: np.float32, 6: np.float64, 7: np.complex64, 8: np.complex128}


def text(kind, content, flavour):
    data = content.encode() + (b"\0" if flavour == "nul" else b"")
    return struct.pack("<HI", kind, len(data)) + data


def acquisition(acq):
    parts = [struct.pack("<H", ACQUISITION)]
    acq.serialize_into(parts.append)
    return b"".join(bytes(p) for p in parts)


def messages(args):
    """The bytes of a session in order."""
    with ismrmrd.Dataset(args.file, args.group, create_if_needed=False) as dataset:
        if args.config_text is not None:
            yield text(CONFIG_TEXT, args.config_text, args.flavour)
        elif args.config is not None:
            yield struct.pack("<H1024s", CONFIG_FILE, args.config.encode())
        yield text(HEADER, dataset.read_xml_header().decode(), args.flavour)
        if args.json is not None:
            yield text(TEXT, args.json, args.flavour)
        if args.waveforms:
            data = np.arange(20, dtype=np.uint32).reshape(2, 10)
            parts = [struct.pack("<H", WAVEFORM)]
            ismrmrd.Waveform.from_array(data).serialize_into(parts.append)
            yield b"".join(bytes(p) for p in parts)
        for i in range(dataset.number_of_acquisitions()):
            yield acquisition(dataset.read_acquisition(i))
    if not args.no_close:
        yield struct.pack("<H", CLOSE)


def root_sum_of_squares(path, group):
    """Images of a fully sampled 2-D file by (slice, repetition)."""
    kspace = {}
    with ismrmrd.Dataset(path, group, create_if_needed=False) as dataset:
        header = ismrmrd.xsd.CreateFromDocument(dataset.read_xml_header())
        encoding = header.encoding[0]
        size, wanted = encoding.encodedSpace.matrixSize, encoding.reconSpace.matrixSize
        for i in range(dataset.number_of_acquisitions()):
            acq = dataset.read_acquisition(i)
            if acq.is_flag_set(ismrmrd.ACQ_IS_NOISE_MEASUREMENT):
                continue
            key = (acq.idx.slice, acq.idx.repetition)
            plane = kspace.setdefault(key, np.zeros((acq.active_channels, size.y, size.x), complex))
            plane[:, acq.idx.kspace_encode_step_1] = acq.data
    left = (size.x - wanted.x) // 2
    images = {}
    for key, plane in kspace.items():
        shifted = np.fft.ifftshift(plane, axes=(1, 2))
        coils = np.fft.fftshift(np.fft.ifft2(shifted, norm="ortho"), axes=(1, 2))
        images[key] = np.sqrt((np.abs(coils) ** 2).sum(0))[:, left:left + wanted.x]
    return images


def errors(path, group, images):
    """Relative error of each image that was received."""
    expected = root_sum_of_squares(path, group)
    result = []
    for image in images:
        truth = expected[image.slice, image.repetition]
        found = image.data.reshape(truth.shape)
        result.append(float(np.linalg.norm(found - truth) / np.linalg.norm(truth)))
    return result


class Receiver(threading.Thread):
    """Reads everything that the server sends."""

    def __init__(self, sock):
        super().__init__(daemon=True)
        self.stream = sock.makefile("rb")
        self.texts, self.images, self.metas, self.times = [], [], [], []
        self.closed, self.error = False, None

    def exactly(self, count):
        data = self.stream.read(count)
        if len(data) != count:
            raise EOFError(f"{len(data)} of {count} bytes")
        return data

    def run(self):
        try:
            while not self.closed:
                self.one()
        except (EOFError, OSError) as error:
            self.error = repr(error)

    def one(self):
        (kind,) = struct.unpack("<H", self.exactly(2))
        if kind == CLOSE:
            self.closed = True
        elif kind == TEXT:
            (length,) = struct.unpack("<I", self.exactly(4))
            self.texts.append(self.exactly(length).decode())
        elif kind == IMAGE:
            image = ismrmrd.Image.deserialize_from(self.exactly)
            self.images.append(image)
            self.metas.append(ismrmrd.Meta.deserialize(image.attribute_string))
            self.times.append(time.monotonic())
        else:
            raise EOFError(f"message {kind}")


def session(args):
    sock = socket.create_connection((args.host, args.port))
    receiver = Receiver(sock)
    receiver.start()
    start, sent = time.monotonic(), 0
    try:
        for message in messages(args):
            sock.sendall(message)
            sent += len(message)
            if args.pause:
                time.sleep(args.pause)
        if args.half_close or args.no_close:
            sock.shutdown(socket.SHUT_WR)
    except OSError:  # a server that refuses need not read on
        pass
    sent_at = time.monotonic()
    receiver.join(args.timeout)
    sock.close()
    return {
        "errors": errors(args.file, args.group, receiver.images) if args.compare else None,
        "texts": receiver.texts,
        "closed": receiver.closed,
        "error": receiver.error,
        "images": [list(image.data.shape) for image in receiver.images],
        "series": [int(image.image_series_index) for image in receiver.images],
        "index": [int(image.image_index) for image in receiver.images],
        "slices": [int(image.slice) for image in receiver.images],
        "repetitions": [int(image.repetition) for image in receiver.images],
        "position": [list(image.position) for image in receiver.images],
        "fov": [list(image.field_of_view) for image in receiver.images],
        "types": [int(image.data_type) for image in receiver.images],
        "metas": [dict(meta) for meta in receiver.metas[:2]],
        "sums": [float(np.sum(image.data, dtype=np.float64)) for image in receiver.images],
        "first_image": receiver.times[0] - sent_at if receiver.times else None,
        "seconds": time.monotonic() - start,
        "bytes": sent,
    }


def write_stream(args):
    with ismrmrd.Dataset(args.file, args.group, create_if_needed=False) as dataset, \
            ProtocolSerializer(args.write) as serializer:
        serializer.serialize(ismrmrd.xsd.CreateFromDocument(dataset.read_xml_header()))
        for i in range(dataset.number_of_acquisitions()):
            serializer.serialize(dataset.read_acquisition(i))
    return {"acquisitions": i + 1}


def read_stream(args):
    with ProtocolDeserializer(args.read) as deserializer:
        found = list(deserializer.deserialize())
    images = [item for item in found if isinstance(item, ismrmrd.Image)]
    return {"kinds": [type(item).__name__ for item in found],
            "errors": errors(args.file, args.group, images)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9002)
    parser.add_argument("--group", default="dataset")
    parser.add_argument("--flavour", choices=["nul", "plain"], default="nul")
    parser.add_argument("--config")
    parser.add_argument("--config-text")
    parser.add_argument("--json")
    parser.add_argument("--waveforms", action="store_true")
    parser.add_argument("--no-close", action="store_true")
    parser.add_argument("--half-close", action="store_true")
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--write")
    parser.add_argument("--read")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--sessions", help="JSON: a list of options that differ, for one session each")
    args = parser.parse_args()
    assert ctypes.sizeof(ismrmrd.AcquisitionHeader) == 340
    if args.write or args.read:
        print(json.dumps(write_stream(args) if args.write else read_stream(args)))
        return
    if args.sessions is None:
        print(json.dumps(session(args)))
        return
    each = [argparse.Namespace(**{**vars(args), **changes}) for changes in json.loads(args.sessions)]
    print(json.dumps([session(one) for one in each]))


if __name__ == "__main__":
    main()

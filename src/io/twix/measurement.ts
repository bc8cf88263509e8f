/** One measurement of a Siemens raw data file. @module */
import type { Acquisition, AcquisitionHeader } from "../../mrd/values.ts";
import type { ByteSource } from "../bytes.ts";
import type { MeasurementPlace } from "./container.ts";
import { acquisitionHeader, channelIds, readAcquisition } from "./line.ts";
import type { ScanFormat, ScanHeader } from "./mdh.ts";
import { type Protocol, readProtocol } from "./protocol.ts";
import { findScans, type Scans } from "./scans.ts";

/** `sRXSPEC.alDwellTime` counts nanoseconds. */
const NANOSECONDS = 1000;

export class Measurement {
  readonly name: string;
  readonly protocol: Protocol;
  readonly scans: Scans;
  readonly #source: ByteSource;
  readonly #format: ScanFormat;

  /** Reads the protocol and the headers of all scans. @throws {InputError} when it is damaged */
  constructor(source: ByteSource, format: ScanFormat, { start, end, name }: MeasurementPlace) {
    const { protocol, data } = readProtocol(source, start);
    this.#source = source;
    this.#format = format;
    this.protocol = protocol;
    this.name = name || protocol.text("tProtocolName") || "without a name";
    this.scans = findScans(source, format, { from: data, end });
  }

  get hasImage(): boolean {
    return this.scans.image !== undefined;
  }

  /** Whether it only prepares for another one. */
  get isAdjustment(): boolean {
    return this.name.startsWith("Adj");
  }

  /** Header of a scan, by its number. */
  header(index: number): AcquisitionHeader {
    const { header } = this.#format;
    const place = this.scans.places[index];
    return this.#acquisitionHeader(header.parse(this.#source.read(place, header.bytes)));
  }

  /** A scan with its samples. */
  read(index: number): Acquisition {
    const place = this.scans.places[index];
    return readAcquisition(
      this.#source,
      this.#format,
      place,
      (scan) => this.#acquisitionHeader(scan),
    );
  }

  /** The receivers of a scan. */
  channels(index: number): number[] {
    return channelIds(this.#source, this.#format, this.scans.places[index]);
  }

  /** The receivers of the first line of an image. */
  get imageChannels(): number[] {
    const { imagePlace } = this.scans;
    return imagePlace === undefined ? [] : channelIds(this.#source, this.#format, imagePlace);
  }

  #acquisitionHeader(scan: ScanHeader): AcquisitionHeader {
    const dwell = (echo: number) => this.protocol.number(`sRXSPEC.alDwellTime[${echo}]`);
    const nanoseconds = dwell(scan.counters.echo) ?? dwell(0) ?? 0;
    return acquisitionHeader(scan, { sampleTimeUs: nanoseconds / NANOSECONDS });
  }
}

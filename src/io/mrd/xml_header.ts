/**
 * The XML header of an ISMRMRD measurement (ismrmrd.xsd): every value is checked against the kind
 * and range of the schema.
 * @module
 */
import { unreadable } from "../unreadable.ts";
import { InputError } from "../../errors.ts";
import {
  CALIBRATION_MODES,
  type Encoding,
  type Limit,
  LIMITED,
  type MrdHeader,
  type Space,
  TRAJECTORIES,
} from "../../mrd/xml_header.ts";
import { parseXml, XmlElement } from "./xml.ts";

/** Largest value of xs:unsignedShort. */
const MAX_SHORT = 65535;
/** Most encodings that are read: acquisitions name theirs by a small number. */
const MAX_ENCODINGS = 64;

/** Names of the limits in XML, in the order of `LIMITED`. */
const LIMIT_NAMES: readonly string[] = LIMITED.map((name) =>
  name.replace("kspaceEncodeStep", "kspace_encoding_step_")
);

/** Reads the numbers of a header; errors name the element. */
class HeaderReader {
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  fail(required: string, found: string): InputError {
    return unreadable(`the ISMRMRD header of ${this.#source}`, `${required} is`, found);
  }

  /** A finite number, or undefined where there is none. */
  number(parent: XmlElement | undefined, name: string): number | undefined {
    const text = parent?.text(name);
    return text === undefined ? undefined : this.finite(text, name);
  }

  finite(text: string, name: string): number {
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    throw this.fail(`a number for ${name}`, `'${text.slice(0, 40)}'`);
  }

  /** All numbers of a name. */
  numbers(parent: XmlElement | undefined, name: string): number[] {
    return (parent?.all(name) ?? []).map((each) => this.finite(each.content ?? "", name));
  }

  short(parent: XmlElement, name: string, least: number): number {
    const value = this.number(parent, name);
    if (value !== undefined && Number.isInteger(value) && value >= least && value <= MAX_SHORT) {
      return value;
    }
    throw this.fail(`${name} from ${least} to ${MAX_SHORT}`, `${value ?? "none"}`);
  }

  length(parent: XmlElement, name: string): number {
    const value = this.number(parent, name);
    if (value !== undefined && value > 0) return value;
    throw this.fail(`a positive ${name} of fieldOfView_mm`, `${value ?? "none"}`);
  }

  one<T extends string>(text: string, names: readonly T[], what: string): T {
    const found = names.find((name) => name === text);
    if (found !== undefined) return found;
    throw this.fail(`${what} of ${names.join(", ")}`, `'${text.slice(0, 40)}'`);
  }

  space(encoding: XmlElement, name: string): Space {
    const space = encoding.child(name);
    const matrix = space?.child("matrixSize"), extent = space?.child("fieldOfView_mm");
    if (matrix === undefined || extent === undefined) {
      throw this.fail(`${name} with matrixSize and fieldOfView_mm`, "none");
    }
    return {
      matrix: [this.short(matrix, "x", 1), this.short(matrix, "y", 1), this.short(matrix, "z", 1)],
      fieldOfView: [
        this.length(extent, "x"),
        this.length(extent, "y"),
        this.length(extent, "z"),
      ],
    };
  }

  limit(element: XmlElement): Limit {
    const value = (name: string) =>
      element.text(name) === undefined ? 0 : this.short(element, name, 0);
    const limit = {
      minimum: value("minimum"),
      maximum: value("maximum"),
      center: value("center"),
    };
    if (limit.minimum <= limit.maximum) return limit;
    throw this.fail("minimum <= maximum in encodingLimits", `${limit.minimum}, ${limit.maximum}`);
  }

  limits(element: XmlElement | undefined): Encoding["limits"] {
    const found = LIMITED.map((name, i) => [name, element?.child(LIMIT_NAMES[i])] as const);
    return Object.fromEntries(
      found.flatMap(([name, limit]) => limit === undefined ? [] : [[name, this.limit(limit)]]),
    );
  }

  parallelImaging(element: XmlElement | undefined): Pick<Encoding, "parallelImaging"> {
    const factor = element?.child("accelerationFactor");
    if (element === undefined || factor === undefined) return {};
    const mode = element.text("calibrationMode");
    return {
      parallelImaging: {
        acceleration: [
          this.short(factor, "kspace_encoding_step_1", 1),
          factor.text("kspace_encoding_step_2") === undefined
            ? 1
            : this.short(factor, "kspace_encoding_step_2", 1),
        ],
        ...(mode === undefined
          ? {}
          : { calibrationMode: this.one(mode, CALIBRATION_MODES, "calibrationMode") }),
      },
    };
  }

  encoding(element: XmlElement): Encoding {
    const trajectory = element.text("trajectory") ?? "cartesian";
    return {
      encodedSpace: this.space(element, "encodedSpace"),
      reconSpace: this.space(element, "reconSpace"),
      limits: this.limits(element.child("encodingLimits")),
      trajectory: this.one(trajectory.toLowerCase(), TRAJECTORIES, "trajectory"),
      ...this.parallelImaging(element.child("parallelImaging")),
    };
  }

  system(element: XmlElement | undefined): MrdHeader["system"] {
    return present({
      fieldStrength: this.number(element, "systemFieldStrength_T"),
      receiverChannels: this.number(element, "receiverChannels"),
      relativeReceiverNoiseBandwidth: this.number(element, "relativeReceiverNoiseBandwidth"),
      vendor: element?.text("systemVendor"),
      model: element?.text("systemModel"),
      institution: element?.text("institutionName"),
    });
  }

  sequence(element: XmlElement | undefined): MrdHeader["sequence"] {
    return {
      repetitionTime: this.numbers(element, "TR"),
      echoTime: this.numbers(element, "TE"),
      inversionTime: this.numbers(element, "TI"),
      flipAngle: this.numbers(element, "flipAngle_deg"),
      ...present({ type: element?.text("sequence_type") }),
    };
  }
}

/**
 * Reads the header.
 * @param xml the text; a NUL ends it
 * @throws {InputError} when it is not an ISMRMRD header, or a value is out of range
 */
export function parseMrdHeader(xml: string, source = "the stream"): MrdHeader {
  const root = parseXml(xml, "ismrmrdHeader", `the ISMRMRD header of ${source}`);
  const reader = new HeaderReader(source);
  const encodings = root.all("encoding");
  if (encodings.length === 0 || encodings.length > MAX_ENCODINGS) {
    throw reader.fail(`1 to ${MAX_ENCODINGS} encodings`, `${encodings.length}`);
  }
  const h1Frequency = reader.number(
    root.child("experimentalConditions"),
    "H1resonanceFrequency_Hz",
  );
  return {
    encodings: encodings.map((each) => reader.encoding(each)),
    system: reader.system(root.child("acquisitionSystemInformation")),
    ...present({ h1Frequency }),
    measurement: measurement(root.child("measurementInformation")),
    sequence: reader.sequence(root.child("sequenceParameters")),
    userParameters: userParameters(root.child("userParameters")),
  };
}

function measurement(element: XmlElement | undefined): MrdHeader["measurement"] {
  return present({
    id: element?.text("measurementID"),
    patientPosition: element?.text("patientPosition"),
    protocolName: element?.text("protocolName"),
    seriesDescription: element?.text("seriesDescription"),
    seriesDate: element?.text("seriesDate"),
    seriesTime: element?.text("seriesTime"),
    frameOfReferenceUid: element?.text("frameOfReferenceUID"),
  });
}

function userParameters(element: XmlElement | undefined): Record<string, string> {
  const kinds = ["Long", "Double", "String"].map((kind) => `userParameter${kind}`);
  const entries = kinds.flatMap((kind) => element?.all(kind) ?? []).flatMap((each) => {
    const name = each.text("name");
    return name === undefined ? [] : [[name, each.text("value") ?? ""] as const];
  });
  return Object.fromEntries(entries);
}

/** The members that are there. */
function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

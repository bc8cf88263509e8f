/**
 * The XML header of an ISMRMRD measurement (ismrmrd.xsd): every value is checked against the kind
 * and range of the schema.
 * @module
 */
import type { InputError } from "../../errors.ts";
import { isDecimal } from "../../decimal.ts";
import { CALIBRATION_MODES, LIMITED, TRAJECTORIES } from "../../mrd/xml_header.ts";
import type { Encoding, Limit, MrdHeader, Space } from "../../mrd/xml_header.ts";
import { unreadable } from "../unreadable.ts";
import { parseXml, type XmlElement } from "./xml.ts";

/** Largest value of xs:unsignedShort. */
const MAX_SHORT = 65535;
/** Most encodings that are read: acquisitions name theirs by a small number. */
const MAX_ENCODINGS = 64;

type Element = XmlElement | undefined;

/** Reads the values of a header; errors name the element. */
class HeaderReader {
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  fail(required: string, found: string | number): InputError {
    return unreadable(`the ISMRMRD header of ${this.#source}`, `${required} is`, found);
  }

  finite(text: string, name: string): number {
    const value = Number(text);
    const isNumber = isDecimal(text) || text.trim() === "";
    if (isNumber && Number.isFinite(value)) return value;
    throw this.fail(`a number for ${name}`, `'${text.slice(0, 40)}'`);
  }

  number(parent: Element, name: string): number | undefined {
    const text = parent?.text(name);
    return text === undefined ? undefined : this.finite(text, name);
  }

  numbers(parent: Element, name: string): number[] {
    return (parent?.all(name) ?? []).map((each) => this.finite(each.content ?? "", name));
  }

  short(parent: XmlElement, name: string, least: number): number {
    const value = this.number(parent, name) ?? NaN;
    if (Number.isInteger(value) && value >= least && value <= MAX_SHORT) return value;
    throw this.fail(`${name} from ${least} to ${MAX_SHORT}`, parent.text(name) ?? "none");
  }

  length(parent: XmlElement, name: string): number {
    const value = this.number(parent, name) ?? NaN;
    if (value > 0) return value;
    throw this.fail(`a positive ${name} of fieldOfView_mm`, parent.text(name) ?? "none");
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
      fieldOfView: [this.length(extent, "x"), this.length(extent, "y"), this.length(extent, "z")],
    };
  }

  limit(element: XmlElement): Limit {
    const [minimum, maximum, center] = ["minimum", "maximum", "center"].map((name) =>
      element.text(name) === undefined ? 0 : this.short(element, name, 0)
    );
    if (minimum <= maximum) return { minimum, maximum, center };
    throw this.fail("minimum <= maximum in encodingLimits", `${minimum}, ${maximum}`);
  }

  limits(element: Element): Encoding["limits"] {
    return Object.fromEntries(LIMITED.flatMap((name) => {
      const limit = element?.child(name.replace("kspaceEncodeStep", "kspace_encoding_step_"));
      return limit === undefined ? [] : [[name, this.limit(limit)]];
    }));
  }

  parallelImaging(element: Element): Encoding["parallelImaging"] {
    const factor = element?.child("accelerationFactor");
    const multiband = element?.child("multiband");
    if (element === undefined || (factor === undefined && multiband === undefined)) {
      return undefined;
    }
    const mode = element.text("calibrationMode");
    const second = "kspace_encoding_step_2";
    return {
      acceleration: [
        factor === undefined ? 1 : this.short(factor, "kspace_encoding_step_1", 1),
        factor?.text(second) === undefined ? 1 : this.short(factor, second, 1),
      ],
      ...(multiband && { multibandFactor: this.short(multiband, "multiband_factor", 1) }),
      calibrationMode: mode === undefined
        ? undefined
        : this.one(mode, CALIBRATION_MODES, "calibrationMode"),
    };
  }

  encoding(element: XmlElement): Encoding {
    const trajectory = element.text("trajectory") ?? "cartesian";
    return {
      encodedSpace: this.space(element, "encodedSpace"),
      reconSpace: this.space(element, "reconSpace"),
      limits: this.limits(element.child("encodingLimits")),
      trajectory: this.one(trajectory.toLowerCase(), TRAJECTORIES, "trajectory"),
      parallelImaging: this.parallelImaging(element.child("parallelImaging")),
    };
  }
}

/** Reads the header; a NUL ends its text. */
export function parseMrdHeader(xml: string, source = "the stream"): MrdHeader {
  const root = parseXml(xml, "ismrmrdHeader", `the ISMRMRD header of ${source}`);
  const reader = new HeaderReader(source);
  const encodings = root.all("encoding");
  if (encodings.length === 0 || encodings.length > MAX_ENCODINGS) {
    throw reader.fail(`1 to ${MAX_ENCODINGS} encodings`, encodings.length);
  }
  const system = root.child("acquisitionSystemInformation");
  const measurement = root.child("measurementInformation");
  const sequence = root.child("sequenceParameters");
  const parameters = userParameters(root.child("userParameters"));
  return {
    encodings: encodings.map((each) => withMultiband(reader.encoding(each), parameters)),
    system: {
      fieldStrength: reader.number(system, "systemFieldStrength_T"),
      receiverChannels: reader.number(system, "receiverChannels"),
      relativeReceiverNoiseBandwidth: reader.number(system, "relativeReceiverNoiseBandwidth"),
      vendor: system?.text("systemVendor"),
      model: system?.text("systemModel"),
      institution: system?.text("institutionName"),
    },
    h1Frequency: reader.number(root.child("experimentalConditions"), "H1resonanceFrequency_Hz"),
    measurement: {
      id: measurement?.text("measurementID"),
      patientPosition: measurement?.text("patientPosition"),
      protocolName: measurement?.text("protocolName"),
      seriesDescription: measurement?.text("seriesDescription"),
      seriesDate: measurement?.text("seriesDate"),
      seriesTime: measurement?.text("seriesTime"),
      frameOfReferenceUid: measurement?.text("frameOfReferenceUID"),
    },
    sequence: {
      repetitionTime: reader.numbers(sequence, "TR"),
      echoTime: reader.numbers(sequence, "TE"),
      inversionTime: reader.numbers(sequence, "TI"),
      flipAngle: reader.numbers(sequence, "flipAngle_deg"),
      type: sequence?.text("sequence_type"),
    },
    userParameters: parameters,
  };
}

/** Converters of vendors' files state simultaneous slices among the free parameters only. */
const MULTIBAND = /^(multi_?band|MB|SMS)_?factor$/i;

function withMultiband(encoding: Encoding, parameters: Record<string, string>): Encoding {
  const { parallelImaging } = encoding;
  const found = Object.entries(parameters).find(([name]) => MULTIBAND.test(name));
  const multibandFactor = Number(found?.[1]);
  if (parallelImaging?.multibandFactor !== undefined || !(multibandFactor > 1)) return encoding;
  return {
    ...encoding,
    parallelImaging: { acceleration: [1, 1], ...parallelImaging, multibandFactor },
  };
}

function userParameters(element: Element): Record<string, string> {
  const kinds = ["Long", "Double", "String"].map((kind) => `userParameter${kind}`);
  const entries = kinds.flatMap((kind) => element?.all(kind) ?? []).flatMap((each) => {
    const name = each.text("name");
    return name === undefined ? [] : [[name, each.text("value") ?? ""] as const];
  });
  return Object.fromEntries(entries);
}

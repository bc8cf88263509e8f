/**
 * Attributes of patient, study and scan that a user may set in DICOM, and the texts that each may
 * hold (DICOM PS3.5 section 6.2).
 * @module
 */
import { InputError } from "../../errors.ts";
import { unreadable } from "../unreadable.ts";

/** Texts by the keyword of their attribute, as DICOM PS3.6 has it, e.g. `PatientName`. */
export type DicomTags = Readonly<Record<string, string>>;

/**
 * A pattern's `\p{Cc}` are control characters, the ranges after it marks that turn the direction of a
 * text or end its line, and a backslash separates values.
 */
const RULES = {
  PN: {
    pattern: /^[^\\\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]{0,64}$/u,
    required: "a name of at most 64 characters",
  },
  LO: {
    pattern: /^[^\\\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]{0,64}$/u,
    required: "at most 64 characters without backslash",
  },
  SH: {
    pattern: /^[^\\\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]{0,16}$/u,
    required: "at most 16 characters without backslash",
  },
  CS: { pattern: /^[A-Z0-9 _]{0,16}$/, required: "at most 16 of A-Z, 0-9, space and _" },
  DA: { pattern: /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/, required: "a date as YYYYMMDD" },
  TM: {
    pattern: /^([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?$/,
    required: "a time as HHMMSS",
  },
  AS: { pattern: /^\d{3}[DWMY]$/, required: "an age such as 042Y" },
  IS: { pattern: /^[+-]?\d{1,9}$/, required: "a whole number" },
  DS: { pattern: /^(?=.{1,16}$)[+-]?\d*\.?\d+([eE][+-]?\d+)?$/, required: "a number" },
  UI: {
    pattern: /^(?=.{1,64}$)(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/,
    required: "numbers separated by dots, at most 64 characters",
  },
};

/** The attributes that may be given; all others come from the images. */
const ALLOWED: Readonly<Record<string, keyof typeof RULES>> = {
  PatientName: "PN",
  PatientID: "LO",
  PatientBirthDate: "DA",
  PatientSex: "CS",
  PatientAge: "AS",
  PatientWeight: "DS",
  StudyInstanceUID: "UI",
  StudyDate: "DA",
  StudyTime: "TM",
  StudyID: "SH",
  StudyDescription: "LO",
  AccessionNumber: "SH",
  ReferringPhysicianName: "PN",
  SeriesNumber: "IS",
  SeriesDescription: "LO",
  ProtocolName: "LO",
  BodyPartExamined: "CS",
  Laterality: "CS",
  PatientPosition: "CS",
  FrameOfReferenceUID: "UI",
  Manufacturer: "LO",
  ManufacturerModelName: "LO",
  InstitutionName: "LO",
  StationName: "SH",
  MRAcquisitionType: "CS",
  MagneticFieldStrength: "DS",
  ImagingFrequency: "DS",
  RepetitionTime: "DS",
  EchoTime: "DS",
  InversionTime: "DS",
  FlipAngle: "DS",
};

/** Whether the tags identify the patient. */
export function namesPatient(tags: DicomTags): boolean {
  return ["PatientName", "PatientID", "PatientBirthDate"].some((name) => tags[name] !== undefined);
}

/**
 * Checks attributes that come from outside.
 * @param content keywords and texts or numbers
 * @param source where they come from, for the message
 */
export function dicomTags(content: Readonly<Record<string, unknown>>, source: string): DicomTags {
  const checked: Record<string, string> = {};
  for (const [keyword, value] of Object.entries(content)) {
    if (!Object.hasOwn(ALLOWED, keyword)) {
      const required = `one of ${Object.keys(ALLOWED).join(", ")} is`;
      throw unreadable(`the DICOM attributes of ${source}`, required, `'${keyword}'`);
    }
    const rule = RULES[ALLOWED[keyword]];
    const text = typeof value === "number" ? String(value) : value;
    if (typeof text !== "string" || !rule.pattern.test(text)) {
      throw new InputError(
        `Cannot read the DICOM attributes of ${source}: ${keyword} must be ${rule.required}, ` +
          `found ${JSON.stringify(value)}`,
        typeof value === "number" ? { hint: "Put it in quotes to keep it as it is written" } : {},
      );
    }
    checked[keyword] = text;
  }
  return checked;
}

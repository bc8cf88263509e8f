/** The XML header of ISMRMRD, written in the order of its schema. @module */
import type { Triple } from "../../mrd/values.ts";
import { type Encoding, LIMITED, type MrdHeader, type Space } from "../../mrd/xml_header.ts";
import { escapeXml } from "./xml.ts";

/** Elements by name; those without content are left out. */
type Content = readonly (readonly [string, Content | string | number | undefined])[];

/** A header as XML. `frameOfReferenceUid`, dates and free parameters are not written. */
export function mrdHeaderXml(header: MrdHeader): string {
  const { system, measurement, sequence, encodings, h1Frequency = 0 } = header;
  const times = (name: string, values: readonly number[]) =>
    values.map((value) => [name, value] as const);
  const content: Content = [
    // The schema wants the position of the patient here.
    [
      "measurementInformation",
      measurement.patientPosition && [
        ["measurementID", measurement.id],
        ["patientPosition", measurement.patientPosition],
        ["protocolName", measurement.protocolName],
      ],
    ],
    ["acquisitionSystemInformation", [
      ["systemVendor", system.vendor],
      ["systemModel", system.model],
      ["systemFieldStrength_T", system.fieldStrength],
      ["receiverChannels", system.receiverChannels],
      ["institutionName", system.institution],
    ]],
    ["experimentalConditions", [["H1resonanceFrequency_Hz", h1Frequency]]],
    ...encodings.map((each) => ["encoding", encoding(each)] as const),
    ["sequenceParameters", [
      ...times("TR", sequence.repetitionTime),
      ...times("TE", sequence.echoTime),
      ...times("TI", sequence.inversionTime),
      ...times("flipAngle_deg", sequence.flipAngle),
    ]],
  ];
  return '<?xml version="1.0"?>\n<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">' +
    `${elements(content)}</ismrmrdHeader>`;
}

function elements(content: Content): string {
  return content.map(([name, inside]) => {
    const text = typeof inside === "object" ? elements(inside) : escapeXml(`${inside ?? ""}`);
    return text === "" ? "" : `<${name}>${text}</${name}>`;
  }).join("");
}

const triple = ([x, y, z]: Triple): Content => [["x", x], ["y", y], ["z", z]];

const space = ({ matrix, fieldOfView }: Space): Content => [
  ["matrixSize", triple(matrix)],
  ["fieldOfView_mm", triple(fieldOfView)],
];

function encoding({ limits, trajectory, parallelImaging, ...spaces }: Encoding): Content {
  return [
    ["encodedSpace", space(spaces.encodedSpace)],
    ["reconSpace", space(spaces.reconSpace)],
    [
      "encodingLimits",
      LIMITED.flatMap((name) => {
        const limit = limits[name];
        if (limit === undefined) return [];
        const tag = name.replace("kspaceEncodeStep", "kspace_encoding_step_");
        const { minimum, maximum, center } = limit;
        return [[tag, [["minimum", minimum], ["maximum", maximum], ["center", center]]]] as const;
      }),
    ],
    ["trajectory", trajectory],
    [
      "parallelImaging",
      parallelImaging && [
        ["accelerationFactor", [
          ["kspace_encoding_step_1", parallelImaging.acceleration[0]],
          ["kspace_encoding_step_2", parallelImaging.acceleration[1]],
        ]],
        ["calibrationMode", parallelImaging.calibrationMode],
      ],
    ],
  ];
}

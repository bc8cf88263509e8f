/**
 * Draws loss and validation PSNR of a run of `train.py`: history.json to training.svg.
 *
 *     deno run -A models/recipes/plot.ts MODEL_FOLDER [DECAY_OF_THE_AVERAGE]
 */
import { historyChart } from "../../src/train/model_files.ts";

interface Entry {
  readonly step: number;
  readonly loss: number | null;
  readonly validation: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const [folder, decay] = Deno.args;
const entries: Entry[] = JSON.parse(await Deno.readTextFile(`${folder}/history.json`));
const history = entries.filter(({ loss }) => loss !== null).map(({ step, loss, validation }) => {
  const averages = Object.keys(validation).sort();
  const chosen = validation[decay ?? averages[averages.length >> 1]];
  const psnr = Object.fromEntries(
    Object.entries(chosen ?? {}).map(([key, value]) => [key.replace("R=", ""), value]),
  );
  return { step, loss: loss!, psnr };
});
await Deno.writeTextFile(`${folder}/training.svg`, historyChart(history, "sigma or R"));

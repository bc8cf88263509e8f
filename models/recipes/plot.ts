/**
 * Draws loss and validation PSNR of a run of `train.py`: history.json to training.png.
 *
 *     deno run -A models/recipes/plot.ts MODEL_FOLDER [DECAY_OF_THE_AVERAGE]
 */
import { plotHistory } from "../../src/cli/train_plot.ts";

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
await Deno.writeFile(`${folder}/training.png`, plotHistory(history));

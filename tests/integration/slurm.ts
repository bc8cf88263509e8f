/** A cluster of two virtual nodes on this machine: munged, slurmctld, and two slurmd with other names. */
import { hostname } from "node:os";
import { join } from "node:path";
import { run } from "../tools.ts";

/** A cluster that runs until it is disposed of. */
export interface Cluster extends AsyncDisposable {
  /** Environment of Slurm's commands. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs one of Slurm's commands. */
  call(command: string, ...args: string[]): Promise<string>;
  /** Whether a process runs on a node. */
  runs(node: string, pid: number): boolean;
  /** Kills a node with all that runs on it, as a power cut would. */
  kill(node: string): Promise<void>;
  /** The end of all logs, for messages. */
  logs(): string;
}

/** Seconds after which the controller takes a silent node for dead. */
const NODE_SECONDS = 5;

/** The first of `count` ports that are free now. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ port: 0 }));
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  listeners.forEach((listener) => listener.close());
  return ports;
}

function configuration(folder: string): string {
  const [controller, ...ports] = freePorts(3);
  const machine = "CPUs=2 Boards=1 SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1";
  return [
    "ClusterName=larmor",
    `SlurmctldHost=${hostname()}`,
    ...["SlurmUser=root", "SlurmdUser=root", "MpiDefault=none", "ReturnToService=2"],
    // A job that is requeued waits until its credential is old: two minutes by default.
    ...[
      "AuthType=auth/munge",
      `AuthInfo=socket=${folder}/munge.socket,cred_expire=5`,
      "CredType=cred/munge",
    ],
    `SlurmctldPort=${controller}`,
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool-%n`,
    `SlurmctldPidFile=${folder}/controller.pid`,
    `SlurmdPidFile=${folder}/node-%n.pid`,
    `SlurmctldLogFile=${folder}/controller.log`,
    `SlurmdLogFile=${folder}/node-%n.log`,
    ...["ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none"],
    ...["SelectType=select/cons_tres", "SelectTypeParameters=CR_Core_Memory"],
    ...["JobAcctGatherType=jobacct_gather/none", "AccountingStorageType=accounting_storage/none"],
    ...[`SlurmdTimeout=${NODE_SECONDS}`, "KillWait=2", "SlurmdParameters=config_overrides"],
    "SchedulerParameters=sched_interval=1,bf_interval=1",
    ...ports.map((port, i) =>
      `NodeName=n${i + 1} NodeHostname=${hostname()} Port=${port} ${machine} RealMemory=8000`
    ),
    "PartitionName=long Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP",
  ].map((line) => `${line}\n`).join("");
}

/** Starts a cluster in an empty folder. */
export async function startCluster(folder: string): Promise<Cluster> {
  for (const name of ["state", "spool-n1", "spool-n2"]) Deno.mkdirSync(join(folder, name));
  Deno.writeTextFileSync(join(folder, "slurm.conf"), configuration(folder));
  Deno.writeTextFileSync(join(folder, "cgroup.conf"), "CgroupPlugin=cgroup/v1\n");
  Deno.writeFileSync(join(folder, "munge.key"), crypto.getRandomValues(new Uint8Array(128)), {
    mode: 0o400,
  });
  const env = { SLURM_CONF: join(folder, "slurm.conf") };
  const call = (command: string, ...args: string[]) => run(command, args, { env });
  const files = ["key-file", "socket", "pid-file", "log-file", "seed-file"];
  const munge = files.map((option) => `--${option}=${folder}/munge.${option.split("-")[0]}`);
  await call("munged", "--force", ...munge);
  await call("slurmctld");
  for (const node of ["n1", "n2"]) await call("slurmd", "-N", node);
  return {
    env,
    call,
    runs: (node, pid) =>
      processesOf(env.SLURM_CONF).some((own) => own.pid === pid && isOn(node, own)),
    async kill(node) {
      const jobs = (await call("squeue", "-h", "-w", node, "-o", "%A")).split("\n").filter(Boolean);
      const own = processesOf(env.SLURM_CONF);
      // The node first, so that nobody can tell the controller of the end of the rest.
      killIfThere(Number(Deno.readTextFileSync(join(folder, `node-${node}.pid`))));
      const steps = own.filter(({ command }) => jobs.some((job) => command.includes(`[${job}.`)));
      const rest = own.filter((each) => isOn(node, each));
      for (const { pid } of [...steps, ...rest]) killIfThere(pid);
    },
    logs: () =>
      ["controller.log", "node-n1.log", "node-n2.log"].map((name) => {
        const text = Deno.readTextFileSync(join(folder, name));
        return `${name}:\n${text.split("\n").slice(-30).join("\n")}`;
      }).join("\n"),
    [Symbol.asyncDispose]() {
      for (const { pid } of processesOf(env.SLURM_CONF)) killIfThere(pid);
      return Promise.resolve();
    },
  };
}

interface Process {
  readonly pid: number;
  readonly command: string;
  readonly environment: readonly string[];
}

const isOn = (node: string, { environment }: Process) =>
  environment.includes(`SLURMD_NODENAME=${node}`);

/** The processes of a cluster, jobs and all: they have the path of its configuration. */
function processesOf(configuration: string): Process[] {
  const found: Process[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) => {
      try {
        return Deno.readTextFileSync(`/proc/${name}/${file}`).split("\0");
      } catch {
        return []; // it has ended
      }
    };
    const environment = read("environ");
    if (!environment.includes(`SLURM_CONF=${configuration}`)) continue;
    found.push({ pid: Number(name), command: read("cmdline").join(" "), environment });
  }
  return found;
}

function killIfThere(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

// JavaScript twins of flagged and clean examples of rules, run by test_resumed_instances.py.
import { WorkflowEntrypoint } from "cloudflare:workers";

const soon = (event) => event.timestamp.valueOf() + 2000;
const approval = (step) => step.waitForEvent("approval", { type: "approved" });
const flaky = (delay) => [
  "flaky",
  { retries: { limit: 1, delay } },
  async (ctx) => {
    if (ctx.attempt === 1) throw new Error("first attempt");
    return true;
  },
];
// Pyodide passes Python functions as proxies of functions.
const pythonFunction = (apply) => new Proxy(function () {}, { apply: (target, self, args) => apply(...args) });

const TWINS = {
  async timestamp_before_a_wait(event, step) {
    await step.sleepUntil("opening", soon(event));
    await approval(step);
  },
  async timestamp_before_a_retry(event, step) {
    await step.sleepUntil("opening", soon(event));
    await step.do(...flaky(10_000));
  },
  async timestamp_under_a_handler(event, step) {
    try {
      await step.sleepUntil("opening", soon(event));
    } catch (error) {}
    await approval(step);
  },
  async duration_from_a_step(event, step) {
    const left = await step.do("time until the opening", async () => Math.max(0, soon(event) - Date.now()));
    await step.sleep("opening", left);
    await approval(step);
  },
  async random_duration(event, step) {
    await step.sleep("pause", 100 + Math.random() * 500);
    await approval(step);
  },
  async duration_until_a_fixed_time(event, step) {
    await step.sleep("opening", soon(event) - Date.now());
    await approval(step);
  },
  async delay_function(event, step) {
    await step.do(...flaky(pythonFunction((failure) => failure.ctx.attempt * 20)));
  },
  async delay_function_without_parameters(event, step) {
    await step.do(...flaky(pythonFunction(() => {
      throw new TypeError("delay() takes 0 positional arguments but 1 was given");
    })));
  },
};

export class Twin extends WorkflowEntrypoint {
  async run(event, step) {
    await TWINS[event.payload](event, step);
  }
}

export { Orders } from "./orders.js";

export default {
  fetch() {
    return new Response("Instances are created through the local API.");
  },
};

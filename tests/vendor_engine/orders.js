// A JavaScript twin of the workflow in fixtures/readme, run by test_instance_command.py.
import { WorkflowEntrypoint } from "cloudflare:workers";
import { NonRetryableError } from "cloudflare:workflows";

export class Orders extends WorkflowEntrypoint {
  async run(event, step) {
    const order = event.payload.order;
    const reserve = async () => {};
    const charge = async () => {
      if (order.declined) throw new NonRetryableError("card declined");
    };
    const pack = async (item) => {
      if (item === "torn box") throw new NonRetryableError("the box is torn");
      return item;
    };
    if (order.total > 500) {
      await step.waitForEvent("approval", { type: "order-approved", timeout: "2 days" });
    }
    try {
      await Promise.all([
        step.do("reserve stock", reserve),
        step.do("charge card", { retries: { limit: 3, delay: "1 minute" } }, charge),
      ]);
    } catch (error) {
      await step.do("refund", async () => {});
      return;
    }
    await step.sleep("cool down", "5 min");
    for (const item of order.items) {
      await step.do(`pack ${item}`, () => pack(item));
    }
  }
}

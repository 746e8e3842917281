import type { MetricSample } from "../../ports/metrics.ts";
import type { ConsumedUnits } from "./requests.ts";

/** Adds up what the report store costs, for `/metrics`: units are what DynamoDB bills. */
export function createUnitCounter() {
  const sums = { read: 0, write: 0, requests: 0 };
  const counter = (name: string, help: string, value: number): MetricSample => ({ name, help, type: "counter", value });
  return {
    add({ read, write, requests }: ConsumedUnits): void {
      sums.read += read;
      sums.write += write;
      sums.requests += requests;
    },
    samples: (): MetricSample[] => [
      counter("dynamodb_read_units_total", "Read units consumed by this process.", sums.read),
      counter("dynamodb_write_units_total", "Write units consumed by this process.", sums.write),
      counter("dynamodb_requests_total", "Attempts of requests to DynamoDB.", sums.requests),
    ],
  };
}

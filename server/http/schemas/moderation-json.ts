import { z } from "@hono/zod-openapi";
import { REPORT_ID_LENGTH } from "../../../tiles/report-id.ts";
import { ACTIONS, CASE_STATES, CAUSES, type Decision, type ModerationCase } from "../../moderation/case.ts";
import type { Listed, LoggedDecision } from "../../moderation/case-table.ts";
import { reportSchema, toReportJson } from "./report-json.ts";

const decisionMembers = {
  at: z.iso.datetime(),
  by: z
    .string()
    .openapi({ description: "The moderator's e-mail address or name; `flags` or `floods` where nobody decided." }),
  what: z.enum([...ACTIONS, "hold", "undo"]),
  from: z.enum(CASE_STATES),
  to: z.enum(CASE_STATES),
  reason: z.string().optional(),
};

export const caseSchema = z
  .object({
    report: reportSchema.openapi({ description: "As it read when the case was made." }),
    city: z.string().nullable().openapi({ description: "The city that it lies in." }),
    state: z.enum(CASE_STATES).openapi({
      description:
        "`held`: not shown, waits for a moderator. `hidden`: not shown. `restored`, `dismissed`: shown, and no flag hides it. `shown`: what was decided was undone.",
    }),
    cause: z.enum(CAUSES).openapi({
      description: "`flags`; a flood at one `place`, of one `text` or one `network`; or a `moderator` who came by.",
    }),
    flags: z.record(z.string(), z.int()).optional().openapi({ description: "Flags by their reasons." }),
    history: z.array(z.object({ ...decisionMembers, undone: z.literal(true).optional() })),
  })
  .openapi("ModerationCase");

const cursorMember = z.string().nullable().openapi({ description: "`cursor` of the next page; null at the end." });

export const queueSchema = z
  .object({
    cases: z
      .array(caseSchema)
      .openapi({ description: "The newest reports first. A page may be short before the end." }),
    next_cursor: cursorMember,
  })
  .openapi("ModerationQueue");

export const moderationLogSchema = z
  .object({
    decisions: z
      .array(z.object({ id: z.string().length(REPORT_ID_LENGTH), city: z.string().nullable(), ...decisionMembers }))
      .openapi({ description: "Newest first." }),
    next_cursor: cursorMember,
  })
  .openapi("ModerationLog");

const toDecisionJson = ({ atMs, by, what, from, to, reason }: Decision) => ({
  at: new Date(atMs).toISOString(),
  by,
  what,
  from,
  to,
  ...(reason !== undefined && { reason }),
});

export function toCaseJson({ report, city, state, cause, flags, history }: ModerationCase): z.infer<typeof caseSchema> {
  return {
    report: toReportJson(report),
    city: city ?? null,
    state,
    cause,
    ...(flags && { flags: { ...flags } }),
    history: history.map((decision) => ({ ...toDecisionJson(decision), ...(decision.isUndone && { undone: true }) })),
  };
}

export const toQueueJson = ({ items, nextCursor }: Listed<ModerationCase>): z.infer<typeof queueSchema> => ({
  cases: items.map(toCaseJson),
  next_cursor: nextCursor ?? null,
});

export const toLogJson = ({ items, nextCursor }: Listed<LoggedDecision>): z.infer<typeof moderationLogSchema> => ({
  decisions: items.map((logged) => ({ id: logged.id, city: logged.city ?? null, ...toDecisionJson(logged) })),
  next_cursor: nextCursor ?? null,
});

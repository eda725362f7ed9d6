package org.registrybbm.migrations.outbox;

/**
 * A message that this replica may try to deliver now, and nobody else for the next 30 s.
 *
 * @param row the key of the message's row
 * @param token the right to send, as the row of the webhook has it
 * @param attempt which try it is, from 1
 * @param message what to deliver
 */
public record Delivery(long row, long token, int attempt, Message message) {}

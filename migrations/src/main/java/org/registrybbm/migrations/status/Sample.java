package org.registrybbm.migrations.status;

import java.time.Instant;

/**
 * How far a migration was at one time while a replica worked on it.
 *
 * @param at when, by the database's clock
 * @param coveredTupleCount rows that were looked at until then, without those that nobody counted
 * @param migratedTupleCount rows that were changed until then
 */
public record Sample(Instant at, long coveredTupleCount, long migratedTupleCount) {}

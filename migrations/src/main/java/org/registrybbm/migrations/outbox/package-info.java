/**
 * The messages for the webhook: which wait, who sends next, and what became of each.
 *
 * <p>How a message is written as JSON, signed and sent is the application's; what was recorded for people to read later is in
 * {@code audit}.
 */
@NullMarked
package org.registrybbm.migrations.outbox;

import org.jspecify.annotations.NullMarked;

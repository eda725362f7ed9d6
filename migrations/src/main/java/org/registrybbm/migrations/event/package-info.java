/**
 * What the engine tells whoever listens: events, listeners, and the one listener that writes them to the log.
 *
 * <p>What is kept in a table for people to look at later is in {@code audit}.
 */
@NullMarked
package org.registrybbm.migrations.event;

import org.jspecify.annotations.NullMarked;

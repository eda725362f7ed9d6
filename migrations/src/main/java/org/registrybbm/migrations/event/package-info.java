/**
 * What the engine reports to listeners: the events, the listener interface, and the one listener that writes events to the log.
 *
 * <p>The events that are kept in a table, for people to look at later, are in {@code audit}.
 */
@NullMarked
package org.registrybbm.migrations.event;

import org.jspecify.annotations.NullMarked;

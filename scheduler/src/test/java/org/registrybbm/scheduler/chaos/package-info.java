/**
 * Replicas in processes of their own, several batched migrations at once, an application that writes the same tables, and a seeded script
 * of faults: killed, frozen, cut off, crashed, misled by their clocks. Afterwards every row must have been changed exactly once.
 */
@NullMarked
package org.registrybbm.scheduler.chaos;

import org.jspecify.annotations.NullMarked;

/**
 * Replicas in processes of their own, several batched migrations at once, an application that writes the same tables, and a seeded script
 * of faults: killed, frozen, cut off, crashed, misled by their clocks. Some rows refuse the change, and an operator mends or waives them.
 * Afterwards every row must have been changed exactly once, but for those that were waived.
 */
@NullMarked
package org.registrybbm.scheduler.chaos;

import org.jspecify.annotations.NullMarked;

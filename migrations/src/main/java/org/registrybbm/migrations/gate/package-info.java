/** Asks in code what a changelog asks with a gate: whether batched migrations are finished. */
@NullMarked
package org.registrybbm.migrations.gate;

import org.jspecify.annotations.NullMarked;

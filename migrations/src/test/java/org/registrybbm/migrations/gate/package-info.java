/** Tests of what tells a program whether batched migrations are finished. */
@NullMarked
package org.registrybbm.migrations.gate;

import org.jspecify.annotations.NullMarked;

/** The state of the fleet as this replica has read it last, shared by everybody who looks. */
@NullMarked
package org.registrybbm.app.internal.snapshot;

import org.jspecify.annotations.NullMarked;

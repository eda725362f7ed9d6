/** Holds health checks for readiness; liveness does not depend on them. */
@NullMarked
package org.registrybbm.app.internal.health;

import org.jspecify.annotations.NullMarked;

/**
 * How the public types do what they promise: SQL, strategies, the shipped work functions. Nothing here is API; other modules
 * do not import it.
 */
@NullMarked
package org.registrybbm.migrations.internal;

import org.jspecify.annotations.NullMarked;

/** Starts and stops the parts of a replica in bounded time, even if the database does not answer. */
@NullMarked
package org.registrybbm.app.internal.lifecycle;

import org.jspecify.annotations.NullMarked;

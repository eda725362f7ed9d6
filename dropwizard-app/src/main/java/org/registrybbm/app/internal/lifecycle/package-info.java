/** Starting and stopping within bounds, also when the database does not answer. */
@NullMarked
package org.registrybbm.app.internal.lifecycle;

import org.jspecify.annotations.NullMarked;

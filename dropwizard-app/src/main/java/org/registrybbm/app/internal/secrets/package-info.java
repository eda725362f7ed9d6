/** Knows what must never be shown, and takes it out of texts. */
@NullMarked
package org.registrybbm.app.internal.secrets;

import org.jspecify.annotations.NullMarked;

/** What must never be shown, and how it is taken out of texts. */
@NullMarked
package org.registrybbm.app.internal.secrets;

import org.jspecify.annotations.NullMarked;

/** One log line an event, as JSON with the contract's fields or as text. */
@NullMarked
package org.registrybbm.app.internal.logging;

import org.jspecify.annotations.NullMarked;

/** What operators decide over HTTP, the same for the API and the page. How it is asked for and shown lives there. */
@NullMarked
package org.registrybbm.app.internal.operate;

import org.jspecify.annotations.NullMarked;

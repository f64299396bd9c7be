if (!document.hidden) connect();
